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
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * A real Kafka broker (one node in KRaft mode) in this JVM. It listens only on the loopback address
 * 127.0.0.1. When {@code start} returns, the broker is ready. When it is closed, it leaves no port,
 * no thread that it started and no temporary directory. Thread-safe.
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
  private static final byte[] LOOPBACK = {127, 0, 0, 1};

  private final KraftNode node;
  private final Path data;
  private final boolean temporary;
  private final FileChannel lock;
  private boolean closed;

  private EmbeddedBroker(KraftNode node, Path data, boolean temporary, FileChannel lock) {
    this.node = node;
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
    private int port;
    private @Nullable Path data;
    private BrokerSecurity security = BrokerSecurity.NONE;

    private Builder() {}

    /**
     * Sets the port. Defaults to a free port.
     *
     * @param port from 0 to 65535; 0 selects a free port
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
     * later broker with the same directory has the same topics and records. The broker creates the
     * directory if it does not exist. By default, the data is temporary and is deleted with the
     * broker.
     */
    public Builder data(Path directory) {
      this.data = directory;
      return this;
    }

    /**
     * Makes the broker accept only TLS, with the key and certificate of a PKCS #12 or JKS key
     * store. Clients check that they trust the certificate and that it is for the host to which
     * they connect, {@value EmbeddedBroker#HOST}. {@link BrokerCertificates} creates such stores.
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
     * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if the port is in use, the
     *     directory cannot be written or belongs to another broker, a store cannot be read, or
     *     Kafka's server is not on the class path
     */
    public EmbeddedBroker start() {
      security.check();
      requireServer();
      requireFree(port);
      boolean temporary = data == null;
      Path directory = directory();
      FileChannel lock = lock(directory);
      try {
        return new EmbeddedBroker(
            KraftNode.start(port, directory, security), directory, temporary, lock);
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

  private static void requireFree(int port) {
    if (port == 0) {
      return;
    }
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

  private static String reason(Throwable failure) {
    String message = failure.getMessage();
    return message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
  }

  /** Returns the port on which the broker listens. */
  public int port() {
    return node.port();
  }

  /** Returns the address for clients, {@code 127.0.0.1:port}. */
  public String bootstrapServers() {
    return HOST + ":" + port();
  }

  /** Returns the directory that contains the broker's data. */
  public Path data() {
    return data;
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
      node.stop();
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
