package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.internal.SQLConf$;
import org.apache.spark.util.Utils$;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.JavaConverters;

/**
 * Sessions for runs. Each run gets a session of its own, so that its settings touch nobody else's.
 * A SparkContext that callstream made ends with the last run that uses it; one that was there is
 * left alone.
 */
final class Sessions {
  /** Which options of a source Spark is not to show in plans and on pages. */
  static final String OPTIONS_REDACTION = "spark.sql.redaction.options.regex";

  /** Which of its properties Spark is not to show, nor values that speak of such a thing. */
  static final String REDACTION = "spark.redaction.regex";

  /** What Kafka keeps secret, beyond what Spark knows: jaas has the password, the key is one. */
  private static final String KAFKA_SECRETS = "jaas|keystore[.]key|credential|authorization";

  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

  private static int ownUsers;
  private static @Nullable SparkSession own;

  /** A session for one run, to be given back. */
  interface Lease extends AutoCloseable {
    SparkSession session();

    @Override
    void close();
  }

  private Sessions() {}

  /** Lends a session beside the host's, whose context it shares. */
  static Lease beside(SparkSession host, SparkSettings settings) {
    if (host.sparkContext().isStopped()) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT, "The SparkSession that was given is stopped; give a running one.");
    }
    String running = host.sparkContext().master();
    if (settings.master().isPresent() && !settings.master().get().equals(running)) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "The master "
              + settings.master().get()
              + " can't be had: this process has a Spark context on "
              + running
              + " already, and can have only one. Leave the master out, or stop that context first.");
    }
    SparkSession session = newSession(host);
    if (!session.sessionState().conf().contains(OPTIONS_REDACTION)) {
      session.conf().set(OPTIONS_REDACTION, "(?i)url|secret|password|token|" + KAFKA_SECRETS);
    }
    settings.properties().forEach((key, value) -> setForRun(session, key, value));
    return lease(session, () -> {});
  }

  /**
   * Returns a session beside another one, with its settings of file systems: what is not Spark's
   * own in a session's settings is for Hadoop.
   */
  static SparkSession newSession(SparkSession host) {
    SparkSession session = host.newSession();
    JavaConverters.mapAsJavaMap(host.conf().getAll())
        .forEach(
            (key, value) -> {
              if (!key.startsWith("spark.")) {
                session.conf().set(key, value);
              }
            });
    return session;
  }

  private static void setForRun(SparkSession session, String key, String value) {
    if (!SQLConf$.MODULE$.containsConfigKey(key) || SQLConf$.MODULE$.isStaticConfigKey(key)) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "The setting '"
              + key
              + "' can't be changed in a session that is running. Set it where the session is"
              + " built, or let callstream make the session.");
    }
    session.conf().set(key, value);
  }

  /** Lends a session of callstream's own context, which is made if there is no context yet. */
  static synchronized Lease own(SparkSettings settings) {
    if (own == null || own.sparkContext().isStopped()) {
      if (SparkSession.getDefaultSession().isDefined()
          && !SparkSession.getDefaultSession().get().sparkContext().isStopped()) {
        return beside(SparkSession.getDefaultSession().get(), settings);
      }
      own = build(settings);
      ownUsers = 0;
    }
    SparkSession context = own;
    Lease lease = beside(context, ownUsers == 0 ? SparkSettings.defaults() : settings);
    ownUsers++;
    return lease(lease.session(), Sessions::giveBack);
  }

  private static synchronized void giveBack() {
    ownUsers--;
    SparkSession context = own;
    if (ownUsers == 0 && context != null) {
      own = null;
      context.stop();
      SparkSession.clearDefaultSession();
      SparkSession.clearActiveSession();
    }
  }

  private static SparkSession build(SparkSettings settings) {
    String master = settings.master().orElse(System.getProperty("spark.master", "local[*]"));
    nameUser();
    if (master.startsWith("local")) {
      nameHost();
    }
    SparkConf given = new SparkConf();
    Map<String, String> conf = new TreeMap<>();
    conf.put("spark.app.name", "callstream");
    conf.put("spark.serializer", "org.apache.spark.serializer.KryoSerializer");
    conf.put(REDACTION, "(?i)secret|password|token|access[.]?key|" + KAFKA_SECRETS);
    conf.put("spark.ui.enabled", "false");
    conf.put("spark.ui.showConsoleProgress", "false");
    conf.put("spark.sql.ui.retainedExecutions", "20");
    conf.put("spark.ui.retainedJobs", "50");
    conf.put("spark.ui.retainedStages", "50");
    conf.put("spark.ui.retainedTasks", "500");
    if (master.startsWith("local")) {
      // Spark would end the whole JVM when a task runs out of memory; so the task fails, and the
      // run.
      conf.put("spark.executor.killOnFatalError.depth", "0");
      conf.put("spark.driver.bindAddress", "127.0.0.1");
      conf.put("spark.driver.host", "127.0.0.1");
    }
    // What the command line of spark-submit says goes before our choices, what the caller says
    // before both.
    conf.keySet().removeIf(key -> given.contains(key));
    requireJars(master, given, settings);
    conf.putAll(settings.properties());
    SparkSession.Builder builder = SparkSession.builder().master(master);
    conf.forEach(builder::config);
    return builder.getOrCreate();
  }

  /**
   * Gives Hadoop the name of a user whose id has no name, as in a container that runs as any id.
   * Hadoop asks the operating system, fails without an answer, and offers no setting for it.
   */
  private static void nameUser() {
    try {
      var ignored = UserGroupInformation.getLoginUser();
    } catch (IOException e) {
      if (UserGroupInformation.isSecurityEnabled()) {
        return; // Kerberos fails for reasons of its own, which Spark's failure names.
      }
      String given = System.getenv("HADOOP_USER_NAME");
      String name = given == null || given.isBlank() ? "callstream" : given;
      LOG.warn(
          "The user of this process has no name in the system. For Hadoop it is '{}'; HADOOP_USER_NAME"
              + " in the environment chooses another name.",
          name);
      UserGroupInformation.setLoginUser(UserGroupInformation.createRemoteUser(name));
    }
  }

  /**
   * Gives Spark a name for this machine if its host name can't be resolved. In local mode nobody
   * else needs one, and Spark fails without it, whatever its settings say.
   */
  private static void nameHost() {
    if (System.getenv("SPARK_LOCAL_IP") != null || System.getenv("SPARK_LOCAL_HOSTNAME") != null) {
      return;
    }
    try {
      var ignored = InetAddress.getLocalHost();
    } catch (UnknownHostException e) {
      LOG.warn(
          "The host name of this machine can't be resolved. For Spark it is 'localhost'; SPARK_LOCAL_IP"
              + " in the environment chooses an address.");
      Utils$.MODULE$.setCustomHostname("localhost");
    }
  }

  /** Executors in other processes need callstream's classes, and the pipeline's own. */
  private static void requireJars(String master, SparkConf given, SparkSettings settings) {
    if (!master.startsWith("local")
        && !given.contains("spark.submit.deployMode") // spark-submit knows the jars
        && !given.contains("spark.jars")
        && !settings.properties().containsKey("spark.jars")) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "The executors of "
              + master
              + " need the jars of callstream, of spark-sql-kafka-0-10 and of your own statistics,"
              + " and nobody says where they are. Start with spark-submit, or set spark.jars"
              + " (--conf spark.jars=...).");
    }
  }

  private static Lease lease(SparkSession session, Runnable end) {
    return new Lease() {
      private boolean closed;

      @Override
      public SparkSession session() {
        return session;
      }

      @Override
      public synchronized void close() {
        if (!closed) {
          closed = true;
          end.run();
        }
      }
    };
  }
}
