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
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * A real Kafka broker (one node in KRaft mode) in this JVM, which listens on the loopback address
 * 127.0.0.1 alone. It is ready when {@code start} returns, and leaves no port, thread of its own or
 * temporary directory behind when it is closed. Thread-safe.
 *
 * <p>It asks nobody who they are, unless its builder says that it speaks TLS or wants users to log
 * in. Even then it is a broker for tests: it talks to itself on further ports of the loopback
 * address that demand nothing, and whoever is in may do everything.
 *
 * <p>Topics are not created by themselves; records of up to 10 MiB are taken and kept until they
 * are deleted. Kafka logs through SLF4J, much of it at INFO: a program that uses a broker sets the
 * loggers {@code kafka}, {@code org.apache.kafka} and {@code state.change.logger} to WARN.
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

  /** Collects what a broker shall be like. */
  public static Builder builder() {
    return new Builder();
  }

  /** Collects what an {@link EmbeddedBroker} shall be like. Not thread-safe. */
  public static final class Builder {
    private int port;
    private @Nullable Path data;
    private BrokerSecurity security = BrokerSecurity.NONE;

    private Builder() {}

    /**
     * Sets the port; a free one is taken unless this is called.
     *
     * @param port from 0 to 65535; 0 is a free one
     */
    public Builder port(int port) {
      if (port < 0 || port > 65_535) {
        throw new CallstreamException(
            ErrorCode.INVALID_ARGUMENT,
            "The broker's port is " + port + "; it must be from 0 (any that is free) to 65535");
      }
      this.port = port;
      return this;
    }

    /**
     * Sets the directory for the broker's data, which stays when the broker is closed: a later
     * broker there has the same topics and records. It is created if there is none. Unless this is
     * called, the data goes with the broker.
     */
    public Builder data(Path directory) {
      this.data = directory;
      return this;
    }

    /**
     * Has the broker speak TLS alone, with the key and certificate of a key store, PKCS #12 or JKS.
     * Clients check that the certificate is for the host that they connect to, {@value
     * EmbeddedBroker#HOST}, and that they trust it; {@link BrokerCertificates} makes such stores.
     *
     * @param password opens the store and the key in it
     */
    public Builder tls(Path keyStore, String password) {
      this.security = security.withTls(keyStore, password);
      return this;
    }

    /**
     * Has the broker take only clients that show a certificate that a trust store has, or that is
     * signed by one that it has. Goes with {@link #tls}.
     *
     * @param password opens the store
     */
    public Builder clientCertificates(Path trustStore, String password) {
      this.security = security.withClientCertificates(trustStore, password);
      return this;
    }

    /**
     * Has the broker take only clients that log in by SASL, with {@code SCRAM-SHA-512} or {@code
     * SCRAM-SHA-256}, and makes known a user who may; to be called for each. Users are written when
     * a data directory is new: a directory that a broker has used keeps those that it had.
     *
     * @param name letters, digits, '.', '_' and '-'
     */
    public Builder user(String name, String password) {
      this.security = security.withUser(name, password);
      return this;
    }

    /**
     * Starts the broker, and returns when it takes requests.
     *
     * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if the port is taken, the
     *     directory cannot be written or is another broker's, a store cannot be read, or Kafka's
     *     server is not on the class path
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
        throw e instanceof CallstreamException told
            ? told
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
   * Takes the directory for one broker. Kafka's own lock comes too late: by then a second node has
   * written into the first one's quorum, which may never stop again.
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
      // Held by this process; said below as if by another.
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

  /** Returns the port that the broker listens on. */
  public int port() {
    return node.port();
  }

  /** Returns the address for clients, {@code 127.0.0.1:port}. */
  public String bootstrapServers() {
    return HOST + ":" + port();
  }

  /** Returns the directory that holds the broker's data. */
  public Path data() {
    return data;
  }

  /**
   * Stops the broker within seconds, and deletes its data if they were temporary. Closing again
   * does nothing.
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
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) {
              // Gone already.
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException failure)
                throws IOException {
              Files.deleteIfExists(dir);
              return FileVisitResult.CONTINUE;
            }
          });
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
