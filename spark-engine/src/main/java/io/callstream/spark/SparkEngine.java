package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.Capability;
import io.callstream.engine.Engine;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Supervisor;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.kafka.KafkaAdmin;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * Runs pipelines on Spark Structured Streaming, each as one query: locally, on a standalone
 * cluster, or through spark-submit. Its name is {@value #NAME}. Thread-safe.
 *
 * <p>Without a given session, the engine uses the session of the process. If the process has none,
 * the engine creates one, which ends with the last pipeline. Each pipeline gets a separate session
 * on the same context, so that its settings do not affect other sessions.
 */
public final class SparkEngine implements Engine {
  /** The name by which {@link io.callstream.engine.Engines} finds this engine. */
  public static final String NAME = "spark";

  private final @Nullable SparkSession host;
  private final SparkSettings settings;

  /**
   * Creates an engine with default settings, which uses the session of the process or creates one.
   */
  public SparkEngine() {
    this(null, SparkSettings.defaults());
  }

  private SparkEngine(@Nullable SparkSession host, SparkSettings settings) {
    this.host = host;
    this.settings = settings;
  }

  /** Returns an engine with settings for Spark. */
  public static SparkEngine with(SparkSettings settings) {
    return new SparkEngine(null, settings);
  }

  /** Returns an engine that uses the context of a session. It leaves the context running. */
  public static SparkEngine on(SparkSession session) {
    return new SparkEngine(session, SparkSettings.defaults());
  }

  /**
   * Returns an engine that uses the context of a session, with settings for its pipelines. It
   * leaves the context running.
   */
  public static SparkEngine on(SparkSession session, SparkSettings settings) {
    return new SparkEngine(session, settings);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.of(
        Capability.KAFKA_SOURCE,
        Capability.CHECKPOINT,
        Capability.DISTINCT,
        Capability.CORRECTIONS,
        Capability.EVOLUTION,
        Capability.LOOKUPS);
  }

  /**
   * Starts a pipeline over a Kafka topic. Without a checkpoint directory, the engine uses a
   * temporary one and deletes it at the end.
   *
   * @throws IllegalArgumentException if Spark rejects a value of the options or of the settings, or
   *     the application throws this exception
   * @throws CallstreamException if the pipeline is not supported, Java lacks something that Spark
   *     needs, no broker answers within 10 s, the topic is missing, the checkpoint belongs to
   *     another pipeline, or a sink cannot be opened. Nothing is left running in this case.
   */
  @Override
  public RunningPipeline start(Pipeline pipeline, RunOptions options) {
    requireSupport(pipeline, options);
    if (settings.hasResultsInExecutors()) {
      ExecutorResults.requireSupport(pipeline, options);
    }
    JvmRequirements.check();
    TaskPlan plan = new TaskPlan(pipeline);
    String topicId = KafkaAdmin.requireId((KafkaTopic) pipeline.source());
    Sessions.Lease lease = lease();
    try {
      return SparkRun.start(pipeline, plan, topicId, options, settings, lease);
    } catch (IllegalArgumentException e) {
      lease.close();
      throw e;
    } catch (Exception | Error e) {
      lease.close();
      throw new Failures(options.checkpoint().orElse(null)).of(e);
    }
  }

  /**
   * Returns the address of Spark's user interface for a pipeline. Empty if the pipeline does not
   * run on Spark, or if {@code spark.ui.enabled} is false. In a session that callstream creates, it
   * is true by default in local mode if the environment variable {@code SPARK_LOCAL_IP} is a
   * loopback address, so that only this machine can reach the pages.
   */
  public static Optional<URI> userInterface(RunningPipeline running) {
    if (running instanceof Supervisor supervisor) {
      return userInterface(supervisor.current());
    }
    return running instanceof SparkRun run ? run.userInterface() : Optional.empty();
  }

  private Sessions.Lease lease() {
    try {
      return host == null ? Sessions.own(settings) : Sessions.using(host, settings);
    } catch (CallstreamException e) {
      throw e;
    } catch (Exception | Error e) {
      // Scala throws checked exceptions that its signatures do not declare.
      Throwable root = Failures.root(e);
      String words = String.valueOf(root.getMessage());
      if (words.contains("INVALID_DRIVER_MEMORY")) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "Spark needs a heap of at least 512 MiB, and this JVM has "
                + (Runtime.getRuntime().maxMemory() >> 20)
                + " MiB. Use a larger one, such as -Xmx1g (./callstream takes it from CALLSTREAM_JAVA_OPTS), or"
                + " use the engine 'local'.",
            e);
      }
      if (root instanceof UnknownHostException) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "Spark can't find the address of this machine, because its host name can't be resolved ("
                + words
                + "). Add the name to /etc/hosts, or start Java with SPARK_LOCAL_IP in the"
                + " environment, set to an address of this machine that the cluster reaches.",
            e);
      }
      if (root instanceof ClassNotFoundException || root instanceof NoClassDefFoundError) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "Spark is not complete on the class path: "
                + root
                + ". Add the dependencies org.apache.spark:spark-sql_2.12 and"
                + " org.apache.spark:spark-sql-kafka-0-10_2.12, both in the version of callstream's BOM.",
            e);
      }
      String message =
          "Spark does not start with "
              + settings
              + ": "
              + words
              + ". Correct the master and the properties.";
      if (root instanceof IllegalArgumentException || words.contains("Master URL")) {
        throw new IllegalArgumentException(message, e);
      }
      throw EnvironmentFailures.failure(e)
          .orElseGet(() -> new CallstreamException(ErrorCode.ENVIRONMENT, message, e));
    }
  }
}
