package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.notation.CheckpointLocation;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.KafkaSinks;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.sink.JdbcSinkBuilder;
import io.callstream.sink.Sinks;
import io.callstream.spark.ParquetSinkBuilder;
import io.callstream.spark.SparkSinks;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options for results and dead letters in addition to files: topics, a database, Parquet. */
final class SinkOptions {
  /** The environment variable that may hold the password of {@code --jdbc-user}. */
  static final String PASSWORD = "CALLSTREAM_JDBC_PASSWORD";

  private static final String POSTGRESQL = "jdbc:postgresql:";
  private static final Pattern SECRET =
      Pattern.compile("(?i)[?&][^=&]*(?:password|secret)[^=&]*=|//[^/?]*:[^/?]*@");

  @Option(
      names = "--results-topic",
      paramLabel = "NAME",
      description =
          "Keep results in this compacted topic too, as keyed JSON; it is created if it is missing.")
  private @Nullable String resultsTopic;

  @Option(
      names = "--dead-letter-topic",
      paramLabel = "NAME",
      description =
          "Send rejected records and late calls to this topic, with the reason in headers; it is"
              + " created if it is missing.")
  private @Nullable String deadLetterTopic;

  @Option(
      names = "--jdbc",
      paramLabel = "URL",
      description = {
        "Keep results in tables of this PostgreSQL database, such as",
        "jdbc:postgresql://localhost/calls.",
        "The password is read from --jdbc-password-file or the environment variable "
            + PASSWORD
            + "."
      })
  private @Nullable String jdbc;

  @Option(names = "--jdbc-user", paramLabel = "NAME", description = "The database's user.")
  private @Nullable String jdbcUser;

  @Option(
      names = "--jdbc-password-file",
      paramLabel = "FILE",
      description = "A file whose first line is the password of --jdbc-user.")
  private @Nullable Path jdbcPasswordFile;

  @Option(
      names = "--jdbc-schema",
      paramLabel = "NAME",
      description = "The schema of the tables, which must be there. Default: the user's own.")
  private @Nullable String jdbcSchema;

  @Option(
      names = "--jdbc-prefix",
      paramLabel = "TEXT",
      description = "What the names of the tables begin with. Default: nothing.")
  private @Nullable String jdbcPrefix;

  @Option(
      names = "--parquet",
      paramLabel = "DIR|URI",
      description = "Keep results as Parquet files there.")
  private @Nullable String parquet;

  @Option(
      names = "--alerts",
      paramLabel = "log|URL|FILE",
      description =
          "Log spikes, or post each of them to this URL, or to the URL in the first line of this file"
              + " if others must not see it.")
  private @Nullable String alerts;

  @Option(
      names = "--start-over",
      description =
          "Delete what another run left in --results-topic, --jdbc and --parquet, instead of"
              + " refusing to write there.")
  private boolean startsOver;

  /** Rejects invalid options that can be detected without access to other systems. */
  void check(CommandSpec command, String topic, String engine) {
    requireOther(command, "--results-topic", resultsTopic, topic);
    requireOther(command, "--dead-letter-topic", deadLetterTopic, topic);
    if (resultsTopic != null) {
      requireOther(command, "--dead-letter-topic", deadLetterTopic, resultsTopic);
    }
    if (jdbc == null) {
      if (jdbcUser != null
          || jdbcPasswordFile != null
          || jdbcSchema != null
          || jdbcPrefix != null) {
        throw Usage.wrong(command, "--jdbc-... options are for --jdbc URL; give that too.");
      }
    } else {
      checkUrl(command, jdbc);
    }
    if (alerts != null) {
      ResultSink ignored = alerts(command, alerts);
    }
    if (parquet != null && parquet.isBlank()) {
      throw Usage.wrong(command, "--parquet is empty; name a directory.");
    }
    if (parquet != null && !engine.equals(StatisticsOptions.SPARK)) {
      throw Usage.wrong(
          command, "--parquet is for the engine spark; leave it out with " + engine + ".");
    }
    if (startsOver && resultsTopic == null && jdbc == null && parquet == null) {
      throw Usage.wrong(
          command, "--start-over is for --results-topic, --jdbc and --parquet; give one of them.");
    }
  }

  private static void requireOther(
      CommandSpec command, String option, @Nullable String name, String taken) {
    if (name == null) {
      return;
    }
    var ignored = Usage.of(command, () -> KafkaTopic.of(name));
    if (name.equals(taken)) {
      throw Usage.wrong(
          command, option + " " + name + " is already in use; name a separate topic.");
    }
  }

  private static void checkUrl(CommandSpec command, String url) {
    if (SECRET.matcher(url).find()) {
      throw Usage.wrong(
          command,
          "--jdbc holds a password, which others on this machine can see. Put it into a file for"
              + " --jdbc-password-file, or into the environment variable "
              + PASSWORD
              + ".");
    }
    if (!url.startsWith(POSTGRESQL)) {
      throw Usage.wrong(
          command,
          "--jdbc is no URL of PostgreSQL, such as jdbc:postgresql://localhost:5432/calls. For other"
              + " databases embed the library: Sinks.jdbc takes any DataSource.");
    }
  }

  /** Rejects directories in which no file can be written, and creates missing ones. */
  void checkDirectories(CommandSpec command) {
    if (parquet != null) {
      CheckpointLocation location = CheckpointLocation.of(parquet);
      if (location.local() != null) {
        Usage.writable(command, "--parquet", location.local());
      }
    }
  }

  void addTo(Pipeline.Builder pipeline, CommandSpec command, KafkaCluster cluster) {
    String results = resultsTopic;
    if (results != null) {
      pipeline.results(
          Usage.of(
              command,
              () -> {
                KafkaSinks sinks = KafkaSinks.at(cluster);
                return (startsOver ? sinks.startingOver() : sinks).results(results);
              }));
    }
    String deadLetters = deadLetterTopic;
    if (deadLetters != null) {
      pipeline.deadLetters(
          Usage.of(command, () -> KafkaSinks.at(cluster).deadLetters(deadLetters)));
    }
    if (jdbc != null) {
      JdbcSinkBuilder tables = Sinks.jdbc(source(command, jdbc));
      if (jdbcSchema != null) {
        tables.schema(jdbcSchema);
      }
      if (jdbcPrefix != null) {
        tables.prefix(jdbcPrefix);
      }
      if (startsOver) {
        tables.startingOver();
      }
      pipeline.results(tables.build());
    }
    if (alerts != null) {
      pipeline.results(alerts(command, alerts));
    }
    if (parquet != null) {
      ParquetSinkBuilder files = SparkSinks.parquet(parquet);
      pipeline.results((startsOver ? files.startingOver() : files).build());
    }
  }

  /** Rejects alerts if no statistic has spikes. */
  void checkAlerts(CommandSpec command, Pipeline pipeline) {
    if (alerts != null
        && pipeline.statistics().stream().noneMatch(each -> each.baseline().isPresent())) {
      throw Usage.wrong(
          command,
          "--alerts sends spikes, and no statistic has a baseline. Describe one"
              + " ('statistic.NAME.baseline = weekly'), and count the whole topic with results in the"
              + " driver.");
    }
  }

  private static ResultSink alerts(CommandSpec command, String where) {
    if (where.equals("log")) {
      return Sinks.spikeLog();
    }
    String url =
        where.contains("://") ? where : firstLine(command, "--alerts", Path.of(where)).strip();
    try {
      URI target = new URI(url);
      return Usage.of(command, () -> Sinks.webhook(target, Map.of()));
    } catch (URISyntaxException e) {
      // The original message may contain parts of the URL that are secret.
      throw Usage.wrong(
          command, "--alerts is no URL such as https://alerts.example.org/calls; correct it.");
    }
  }

  private DataSource source(CommandSpec command, String url) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    try {
      source.setUrl(url);
    } catch (IllegalArgumentException e) {
      // The original message may contain parts of the URL that are secret.
      throw Usage.wrong(
          command, "--jdbc is no URL like jdbc:postgresql://localhost:5432/calls; correct it.");
    }
    source.setApplicationName("callstream");
    source.setTcpKeepAlive(true);
    source.setLogServerErrorDetail(false);
    source.setReWriteBatchedInserts(true);
    if (jdbcUser != null) {
      source.setUser(jdbcUser);
    }
    String password = password(command);
    if (password != null) {
      source.setPassword(password);
    }
    return source;
  }

  private @Nullable String password(CommandSpec command) {
    if (jdbcPasswordFile == null) {
      return System.getenv(PASSWORD);
    }
    return firstLine(command, "--jdbc-password-file", jdbcPasswordFile);
  }

  private static String firstLine(CommandSpec command, String option, Path file) {
    try {
      return Files.readString(file, UTF_8).lines().findFirst().orElse("");
    } catch (IOException e) {
      throw new ParameterException(
          command.commandLine(),
          option
              + " "
              + file
              + " can't be read ("
              + DisplayText.reason(e)
              + "). Name a file whose first line is the secret.",
          e);
    }
  }
}
