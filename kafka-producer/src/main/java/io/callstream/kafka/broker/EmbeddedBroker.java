package io.callstream.kafka.broker;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.FileFailures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * A real Kafka broker in KRaft mode. It listens only on the loopback address 127.0.0.1. When {@code
 * start} returns, the broker is ready. When it is closed, it leaves no port, no thread or process
 * that it started and no temporary directory. Thread-safe.
 *
 * <p>By default, the broker has one node, which runs in this JVM. With {@link Builder#nodes}, it is
 * a cluster, and each node runs in a separate JVM, because only a process can be killed as a
 * machine fails: without closing files and connections. A test kills the node that leads a
 * partition:
 *
 * <pre>{@code
 * try (EmbeddedBroker broker = EmbeddedBroker.builder().nodes(3).start()) {
 *   ...
 *   int leader = broker.leader("calls", 0);
 *   broker.kill(leader);
 *   ...
 *   broker.restart(leader);
 * }
 * }</pre>
 *
 * <p>By default, the broker does not authenticate clients. Its builder can enable TLS and require
 * clients to log in. Even then the broker is only for tests: it communicates with itself on further
 * loopback ports without security, and every accepted client may do everything.
 *
 * <p>The broker does not create topics automatically. It accepts records of up to 10 MiB and keeps
 * them until they are deleted. Kafka logs through SLF4J, much of it at INFO. Programs that use a
 * broker should set the loggers {@code kafka}, {@code org.apache.kafka} and {@code
 * state.change.logger} to WARN.
 *
 * <p>Kafka's server must be on the class path: {@code org.apache.kafka:kafka_2.12:3.9.2}.
 */
public final class EmbeddedBroker implements AutoCloseable {
  static final String HOST = "127.0.0.1";
  private static final int MAX_NODES = 9;
  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  /** The running nodes. */
  interface Nodes {
    /** Returns the ports for clients, in the order of the nodes. */
    List<Integer> ports();

    /** Stops all nodes, and keeps their data. */
    void stop();
  }

  private final Nodes nodes;
  private final Path data;
  private final boolean temporary;
  private final FileChannel lock;
  private boolean closed;

  private EmbeddedBroker(Nodes nodes, Path data, boolean temporary, FileChannel lock) {
    this.nodes = nodes;
    this.data = data;
    this.temporary = temporary;
    this.lock = lock;
  }

  /** Starts a broker on a free port, with a temporary directory. */
  public static EmbeddedBroker start() {
    return builder().start();
  }

  /** Returns a builder for a broker. */
  public static Builder builder() {
    return new Builder();
  }

  /** Builds an {@link EmbeddedBroker}. Not thread-safe. */
  public static final class Builder {
    private int nodes = 1;
    private int port;
    private @Nullable Path data;
    private BrokerSecurity security = BrokerSecurity.NONE;

    private Builder() {}

    /**
     * Sets the number of nodes. Each is a controller and a broker. Defaults to 1.
     *
     * <p>From two nodes on, each runs in a separate JVM with the class path of this one and a heap
     * of 256 MB. If this JVM ends, they end too. Their logs are files in the {@linkplain #data
     * directory of the data}. The cluster works while more than half of its nodes run.
     *
     * <p>Internal topics have as many replicas as there are nodes, at most 3. A topic may have a
     * replica on each node. With three nodes or more, {@code min.insync.replicas} is 2: a record
     * that the broker has confirmed to a producer with {@code acks=all} survives the loss of a
     * node, and a topic needs three replicas so that a producer can send without one of them. After
     * {@link EmbeddedBroker#kill} the partitions that a node led get other leaders in about 3
     * seconds.
     *
     * @param nodes from 1 to 9
     */
    public Builder nodes(int nodes) {
      if (nodes < 1 || nodes > MAX_NODES) {
        throw new IllegalArgumentException(
            "A broker of " + nodes + " nodes is not possible; it must have from 1 to 9");
      }
      this.nodes = nodes;
      return this;
    }

    /**
     * Sets the port. Defaults to a free port. With several nodes, it is the port of the first one,
     * and the others use the next ports, unless it is 0.
     *
     * @param port from 0 to 65535; 0 selects a free port for each node
     */
    public Builder port(int port) {
      if (port < 0 || port > 65_535) {
        throw new IllegalArgumentException(
            "The broker's port is " + port + "; it must be from 0 (any that is free) to 65535");
      }
      this.port = port;
      return this;
    }

    /**
     * Sets the directory for the broker's data. The data remains when the broker is closed, and a
     * later broker with the same directory and number of nodes has the same topics and records. The
     * broker creates the directory if it does not exist. By default, the data is temporary and is
     * deleted with the broker.
     */
    public Builder data(Path directory) {
      this.data = directory;
      return this;
    }

    /**
     * Makes the broker accept only TLS, with the key and certificate of a PKCS #12 or JKS key
     * store. Clients check that they trust the certificate and that it is for the host to which
     * they connect, {@value EmbeddedBroker#HOST}.
     *
     * @param password the password of the store and of the key in it
     */
    public Builder tls(Path keyStore, String password) {
      this.security = security.withTls(keyStore, password);
      return this;
    }

    /**
     * Makes the broker accept only clients with a certificate that a trust store contains, or that
     * is signed by one that it contains. Requires {@link #tls}.
     *
     * @param password the password of the store
     */
    public Builder clientCertificates(Path trustStore, String password) {
      this.security = security.withClientCertificates(trustStore, password);
      return this;
    }

    /**
     * Makes the broker accept only clients that log in by SASL with {@code SCRAM-SHA-512} or {@code
     * SCRAM-SHA-256}, and adds a user. Call it once for each user. The broker stores users only in
     * a new data directory; a directory that a broker has used keeps its users.
     *
     * @param name letters, digits, '.', '_' and '-'
     */
    public Builder user(String name, String password) {
      this.security = security.withUser(name, password);
      return this;
    }

    /**
     * Starts the broker and returns when it accepts requests.
     *
     * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if a port is in use, the
     *     directory cannot be written or belongs to another broker, a store cannot be read, or
     *     Kafka's server is not on the class path
     */
    public EmbeddedBroker start() {
      security.check();
      requireServer();
      for (int node = 0; node < nodes && port != 0; node++) {
        requireFree(port + node);
      }
      boolean temporary = data == null;
      Path directory = directory();
      FileChannel lock = lock(directory);
      try {
        requireNodes(directory, nodes);
        return new EmbeddedBroker(startNodes(directory), directory, temporary, lock);
      } catch (RuntimeException | IOException e) {
        release(lock);
        if (temporary) {
          delete(directory);
        }
        throw e instanceof CallstreamException known
            ? known
            : new CallstreamException(
                ErrorCode.ENVIRONMENT,
                "The Kafka broker did not start on port "
                    + port
                    + " with its data in "
                    + directory
                    + ": "
                    + reason(e)
                    + ". If another broker uses the directory, stop it or name another one.",
                e);
      }
    }

    private Nodes startNodes(Path directory) throws IOException {
      if (nodes > 1) {
        return NodeProcesses.start(nodes, port, directory, security);
      }
      NodePlan.Ports ports = new NodePlan.Ports(port, 0, 0);
      String clusterId = Uuid.randomUuid().toString();
      KraftNode node =
          KraftNode.of(
              NodePlan.of(1, 1, ports, directory, clusterId, security),
              controllerPort -> Map.of(1, controllerPort));
      try {
        node.start();
        return node;
      } catch (RuntimeException e) {
        node.stop();
        throw e;
      }
    }

    private Path directory() {
      try {
        return data == null
            ? Files.createTempDirectory("callstream-broker-")
            : Files.createDirectories(data.toAbsolutePath());
      } catch (IOException e) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "The broker's directory "
                + (data == null ? "below " + System.getProperty("java.io.tmpdir") : data)
                + " cannot be created ("
                + reason(e)
                + "); name one that can be written",
            e);
      }
    }
  }

  /**
   * Locks the directory for one broker. Kafka's own lock comes too late: by then a second node has
   * written into the quorum of the first one, which then may never stop.
   */
  private static FileChannel lock(Path directory) {
    IOException cause = null;
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              directory.resolve("embedded-broker.lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE);
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // This process holds the lock. The exception below is the same as for another process.
    } catch (IOException e) {
      cause = e;
    }
    if (channel != null) {
      release(channel);
    }
    throw new CallstreamException(
        ErrorCode.ENVIRONMENT,
        "The directory "
            + directory
            + (cause == null
                ? " is another broker's; stop that one, or name another directory."
                : " cannot be written ("
                    + reason(cause)
                    + "). "
                    + FileFailures.advice(directory, cause)),
        cause == null ? new IllegalStateException("locked") : cause);
  }

  private static void release(FileChannel lock) {
    try {
      lock.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireServer() {
    String server = "kafka.server.KafkaConfig";
    try {
      Class.forName(server, false, EmbeddedBroker.class.getClassLoader());
    } catch (ClassNotFoundException | NoClassDefFoundError e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "An embedded broker needs Kafka's server, which is not on the class path. Add the"
              + " dependency org.apache.kafka:kafka_2.12:3.9.2 (without ch.qos.logback, which it"
              + " brings in an old version).",
          e);
    }
  }

  private static void requireNodes(Path directory, int nodes) {
    int stored =
        Files.exists(directory.resolve(KraftNode.META_PROPERTIES))
            ? 1
            : NodeProcesses.storedNodes(directory);
    if (stored != 0 && stored != nodes) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The directory "
              + directory
              + " is that of a broker with another number of nodes, "
              + stored
              + " instead of "
              + nodes
              + ". Choose that number, or name another directory.");
    }
  }

  private static void requireFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(address(port));
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The broker can't listen on port "
              + port
              + " of "
              + HOST
              + " ("
              + reason(e)
              + "). Stop the program that listens there, or choose another port; 0 is any that is"
              + " free.",
          e);
    }
  }

  static InetSocketAddress address(int port) {
    try {
      return new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  static String reason(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
  }

  /** Returns the port on which the broker, or its first node, listens. */
  public synchronized int port() {
    return nodes.ports().get(0);
  }

  /** Returns the addresses of all nodes for clients, {@code 127.0.0.1:port}, with commas. */
  public synchronized String bootstrapServers() {
    return nodes.ports().stream().map(port -> HOST + ":" + port).collect(Collectors.joining(","));
  }

  /** Returns the directory that contains the broker's data. */
  public Path data() {
    return data;
  }

  private NodeProcesses processes() {
    if (closed || !(nodes instanceof NodeProcesses processes)) {
      throw new IllegalStateException(
          closed
              ? "The broker is closed"
              : "The only node of the broker runs in this JVM; use nodes(3) to end one of them");
    }
    return processes;
  }

  /**
   * Returns the node that leads a partition. After a leader has ended, this method waits until the
   * partition has a new one, at most 60 seconds. Requires several nodes.
   *
   * @return the number of a running node, from 1 on
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if there is no such partition,
   *     or it gets no leader
   */
  public synchronized int leader(String topic, int partition) {
    return processes().leader(topic, partition);
  }

  /**
   * Ends a node immediately, with SIGKILL: it cannot close a file or connection, or transfer its
   * leadership. Returns when the process has ended. Requires several nodes.
   *
   * @param node from 1 on
   * @throws IllegalStateException if the node does not run
   */
  public synchronized void kill(int node) {
    processes().kill(node);
  }

  /**
   * Stops a node: it first transfers the leadership of its partitions. Returns when the process has
   * ended. Requires several nodes.
   *
   * @param node from 1 on
   * @throws IllegalStateException if the node does not run
   */
  public synchronized void stop(int node) {
    processes().stop(node);
  }

  /**
   * Starts a node again that was killed or stopped, with its ports and its data. Returns when its
   * replicas are in sync, so that the next node can end without loss. Requires several nodes.
   *
   * @param node from 1 on
   * @throws IllegalStateException if the node runs
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if the node does not start
   *     within 60 seconds, for example because fewer than half of the others run, or is not in sync
   *     within a further 60 seconds
   */
  public synchronized void restart(int node) {
    processes().restart(node);
  }

  /**
   * Stops the broker within seconds, and deletes its data if it is temporary. Closing again has no
   * effect.
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (temporary && nodes instanceof NodeProcesses processes) {
        processes.killAll();
      } else {
        nodes.stop();
      }
    } finally {
      release(lock);
      if (temporary) {
        delete(data);
      }
    }
  }

  private static void delete(Path directory) {
    try {
      Utils.delete(directory.toFile());
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The temporary directory " + directory + " cannot be deleted; delete it by hand",
          e);
    }
  }

  @Override
  public String toString() {
    return "EmbeddedBroker[" + bootstrapServers() + " in " + data + "]";
  }
}
