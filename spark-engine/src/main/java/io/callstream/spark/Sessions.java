package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
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
 * Provides sessions for runs. Each run gets a separate session, so that its settings do not affect
 * other sessions. A SparkContext that callstream created ends with the last run that uses it. An
 * existing SparkContext is left running.
 */
final class Sessions {
  /** The property that specifies which options of a source Spark hides in plans and on pages. */
  static final String OPTIONS_REDACTION = "spark.sql.redaction.options.regex";

  /** The property that specifies which of its properties Spark hides, by their names or values. */
  static final String REDACTION = "spark.redaction.regex";

  /**
   * Kafka's secrets that Spark's default pattern does not cover: jaas contains the password, the
   * key is a secret itself.
   */
  private static final String KAFKA_SECRETS = "jaas|keystore[.]key|credential|authorization";

  private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

  private static int ownUsers;
  private static int uiPort = 4040;
  private static @Nullable SparkSession own;

  /**
   * A session for one run, which must be closed.
   *
   * @param counted whether the run is counted as a user of callstream's own context
   */
  record Lease(SparkSession session, AtomicBoolean counted) implements AutoCloseable {
    @Override
    public void close() {
      if (counted.getAndSet(false)) {
        giveBack();
      }
    }
  }

  private Sessions() {}

  /** Lends a new session that shares the host's context. */
  static Lease using(SparkSession host, SparkSettings settings) {
    if (host.sparkContext().isStopped()) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT, "The SparkSession that was given is stopped; give a running one.");
    }
    String running = host.sparkContext().master();
    if (settings.master().isPresent() && !settings.master().get().equals(running)) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          "The master "
              + settings.master().get()
              + " cannot be used: this process has a Spark context on "
              + running
              + " already, and can have only one. Leave the master out, or stop that context first.");
    }
    SparkSession session = newSession(host);
    if (!session.sessionState().conf().contains(OPTIONS_REDACTION)) {
      session.conf().set(OPTIONS_REDACTION, "(?i)url|secret|password|token|" + KAFKA_SECRETS);
    }
    settings.properties().forEach((key, value) -> setForRun(session, key, value));
    return new Lease(session, new AtomicBoolean());
  }

  /**
   * Returns a new session on the context of another one, with that session's file system settings.
   * Settings of a session that are not Spark's own are Hadoop's.
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
          ErrorCode.UNSUPPORTED,
          "The setting '"
              + key
              + "' can't be changed in a session that is running. Set it where the session is"
              + " built, or let callstream make the session.");
    }
    session.conf().set(key, value);
  }

  /** Lends a session of callstream's own context, which is created if no context exists. */
  static synchronized Lease own(SparkSettings settings) {
    if (own == null || own.sparkContext().isStopped()) {
      if (SparkSession.getDefaultSession().isDefined()
          && !SparkSession.getDefaultSession().get().sparkContext().isStopped()) {
        return using(SparkSession.getDefaultSession().get(), settings);
      }
      own = build(settings);
      ownUsers = 0;
    }
    SparkSession context = own;
    Lease lease = using(context, ownUsers == 0 ? SparkSettings.defaults() : settings);
    ownUsers++;
    return new Lease(lease.session(), new AtomicBoolean(true));
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
    conf.putAll(userInterface(master, System.getenv("SPARK_LOCAL_IP")));
    conf.put("spark.ui.showConsoleProgress", "false");
    conf.put("spark.sql.ui.retainedExecutions", "20");
    conf.put("spark.ui.retainedJobs", "50");
    conf.put("spark.ui.retainedStages", "50");
    conf.put("spark.ui.retainedTasks", "500");
    if (master.startsWith("local")) {
      // By default, Spark ends the whole JVM when a task runs out of memory. With this setting,
      // only the task and the run fail.
      conf.put("spark.executor.killOnFatalError.depth", "0");
      conf.put("spark.driver.bindAddress", "127.0.0.1");
      conf.put("spark.driver.host", "127.0.0.1");
    }
    // Properties from the command line of spark-submit take precedence over callstream's defaults.
    // Properties that the caller sets take precedence over both.
    conf.keySet().removeIf(key -> given.contains(key));
    requireJars(master, given, settings);
    conf.putAll(settings.properties());
    SparkSession.Builder builder = SparkSession.builder().master(master);
    conf.forEach(builder::config);
    return builder.getOrCreate();
  }

  /**
   * Returns the properties of Spark's user interface. It is on in local mode if only this machine
   * can reach it, which Spark decides by an environment variable. It shows jobs but cannot end
   * them, because any web site could send that request.
   *
   * @param localIp the value of {@code SPARK_LOCAL_IP}; null if it is not set
   */
  static Map<String, String> userInterface(String master, @Nullable String localIp) {
    try {
      if (master.startsWith("local") && localIp != null) {
        InetAddress address = InetAddress.getByName(localIp);
        if (address.isLoopbackAddress()) {
          return Map.of(
              "spark.ui.enabled", "true",
              "spark.ui.killEnabled", "false",
              "spark.ui.port", Integer.toString(freePort(address)));
        }
      }
    } catch (IOException e) {
      LOG.debug("Spark's user interface is off, because no port is available", e);
    }
    return Map.of("spark.ui.enabled", "false");
  }

  /**
   * Returns the last port of the user interface, at first 4040, or any free port if that one is in
   * use. Spark tries only the next 16 ports, and then ends the JVM.
   */
  private static synchronized int freePort(InetAddress address) throws IOException {
    try (ServerSocket free = new ServerSocket(uiPort, 1, address)) {
      return free.getLocalPort();
    } catch (IOException e) {
      try (ServerSocket free = new ServerSocket(0, 1, address)) {
        uiPort = free.getLocalPort();
        return uiPort;
      }
    }
  }

  /**
   * Gives Hadoop a user name if the user id has none, as in a container that runs with an arbitrary
   * id. Hadoop asks the operating system, fails without an answer, and has no setting for it.
   */
  private static void nameUser() {
    try {
      var ignored = UserGroupInformation.getLoginUser();
    } catch (IOException e) {
      if (UserGroupInformation.isSecurityEnabled()) {
        return; // Kerberos has other reasons to fail, which Spark's exception names.
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
   * Gives Spark a name for this machine if its host name cannot be resolved. In local mode no other
   * machine needs the name, but Spark fails without one, with any settings.
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

  /** Requires jars with callstream's and the pipeline's classes, for executors elsewhere. */
  private static void requireJars(String master, SparkConf given, SparkSettings settings) {
    if (!master.startsWith("local")
        && !given.contains("spark.submit.deployMode") // spark-submit knows the jars.
        && !given.contains("spark.jars")
        && !settings.properties().containsKey("spark.jars")) {
      throw new CallstreamException(
          ErrorCode.UNSUPPORTED,
          "The executors of "
              + master
              + " need the jars of callstream, of spark-sql-kafka-0-10 and of your statistics,"
              + " but no location is set. Start with spark-submit, or set spark.jars"
              + " (--conf spark.jars=...).");
    }
  }
}
