package io.callstream.dashboard;

import com.sun.net.httpserver.HttpServer;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunningPipeline;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A web page that shows a running pipeline while it works, with a JSON API behind it, and health
 * and metrics for those who watch over it. Thread-safe.
 *
 * <pre>{@code
 * try (RunningPipeline running = engine.start(pipeline);
 *     Dashboard dashboard = Dashboard.of(running).start(4041)) {
 *   System.err.println(dashboard.uri());
 *   running.awaitTermination();
 * }
 * }</pre>
 *
 * <p>It shows the four {@linkplain io.callstream.statistic.StandardStatistics standard statistics}
 * as pictures, as many of them as the pipeline has, and others as tables. It only looks: nothing
 * that a page does, or fails to do, holds the pipeline up, and without an open page nothing is
 * computed. It answers on this machine only unless {@linkplain Builder#bindingTo another address}
 * is asked for; it has neither passwords nor TLS, which is for a reverse proxy to add.
 *
 * <p>The verdict on the pipeline's stability is that of the {@link
 * io.callstream.progress.StabilityMonitor} among the pipeline's listeners. Without one the
 * dashboard judges by the batches that it sees itself, four a second at most, and knows of no
 * trigger interval.
 */
public final class Dashboard implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Dashboard.class);
  private static final Duration LOOK = Duration.ofMillis(250);
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  /** The addresses that the name localhost stands for everywhere. */
  private static final Set<String> LOCALHOST = Set.of("127.0.0.1", "0:0:0:0:0:0:0:1");

  /** A thread for each open page, and some for everything else. */
  private static final int THREADS = UpdateStream.MAX_CLIENTS + 16;

  private final HttpServer server;
  private final URI uri;
  private final LiveSnapshot snapshot;
  private final Answerers answerers;
  private final UpdateStream updates;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(daemons("callstream-dashboard"));
  private final Set<Class<?>> told = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closed = new AtomicBoolean();

  private Dashboard(Builder builder, InetSocketAddress address) throws IOException {
    snapshot = new LiveSnapshot(builder.running);
    answerers = new Answerers(THREADS, daemons("callstream-dashboard-http"), builder.patience);
    updates = new UpdateStream(answerers);
    Requests requests =
        new Requests(
            builder.running,
            snapshot,
            updates,
            answerers,
            new Assets(builder.links, builder.notes),
            builder.metrics,
            Hosts.of(address, builder.hosts));
    // Last, so that what fails before does not leave a port behind that nobody can close.
    server = HttpServer.create(address, 0);
    uri = uri(address, server.getAddress().getPort());
    server.setExecutor(answerers);
    server.createContext("/", requests);
    server.start();
    Future<?> ignored =
        watch.scheduleWithFixedDelay(this::look, 0, LOOK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static ThreadFactory daemons(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  private static URI uri(InetSocketAddress address, int port) {
    InetAddress bound = address.getAddress();
    String name =
        LOCALHOST.contains(bound.getHostAddress())
            ? "localhost"
            : bound.isAnyLocalAddress()
                ? Hosts.machine().map(InetAddress::getHostName).orElse("localhost")
                : address.getHostString();
    return URI.create(
        "http://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + port + "/");
  }

  /** Prepares a dashboard of a pipeline. */
  public static Builder of(RunningPipeline running) {
    return new Builder(running);
  }

  /** Returns where the page is; under this machine's name if it is at all of its addresses. */
  public URI uri() {
    return uri;
  }

  private void look() {
    answerers.interruptStuck();
    try {
      snapshot.observe();
      if (updates.isWatched()) {
        updates.publish(snapshot.current());
      }
    } catch (RuntimeException | Error e) {
      tell(e);
    }
  }

  /** Logs a failure, but not again four times a second. */
  private void tell(Throwable failure) {
    if (told.add(failure.getClass())) {
      LOG.warn("The dashboard could not look at its pipeline", failure);
    }
  }

  /**
   * Sends the open pages the last figures, tells them that this is the end, and stops the server.
   */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    watch.shutdown();
    try {
      if (updates.isWatched()) {
        updates.publish(snapshot.latest());
      }
    } catch (RuntimeException | Error e) {
      tell(e);
    }
    updates.close(FAREWELL);
    server.stop(0);
    answerers.close();
  }

  /** Says how a {@link Dashboard} is to be. Not thread-safe. */
  public static final class Builder {
    private final RunningPipeline running;
    private final Map<String, URI> links = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final List<String> hosts = new ArrayList<>();
    private InetAddress address = InetAddress.getLoopbackAddress();
    private @Nullable Supplier<String> metrics;
    private Duration patience = Duration.ofSeconds(10);

    private Builder(RunningPipeline running) {
      this.running = running;
    }

    /**
     * Answers at another address than the loopback's, and so perhaps to other machines: to all who
     * can reach it, without a password. They have to ask for an address, for {@code localhost}, for
     * the name that the address was made of, for the name that this machine knows itself by, or for
     * one of {@link #answeringTo}.
     */
    public Builder bindingTo(InetAddress address) {
      this.address = address;
      return this;
    }

    /**
     * Answers to further names: those under which others know this machine, a reverse proxy before
     * it or a service that it is part of. Requests for any other name are refused, for it may be
     * that of a foreign site which has it stand for this machine (DNS rebinding).
     *
     * @param hosts the names, without scheme and port
     * @throws IllegalArgumentException if one of them is no name of a host
     */
    public Builder answeringTo(String... hosts) {
      for (String host : hosts) {
        if (!host.matches("[\\w.-]+")) {
          throw new IllegalArgumentException(
              "'" + host + "' is no name of a host. Write it without scheme and port.");
        }
        this.hosts.add(host);
      }
      return this;
    }

    /** Adds a link to the page, such as to Spark's own user interface. */
    public Builder linking(String title, URI target) {
      links.put(title, target);
      return this;
    }

    /** Adds a note beside the links, such as why one is not there, and how to have it. */
    public Builder noting(String note) {
      notes.add(note);
      return this;
    }

    /**
     * Answers at {@code /metrics}.
     *
     * @param scrape returns the metrics in Prometheus's text format, such as {@code
     *     PrometheusMeterRegistry.scrape()}; called from several threads
     */
    public Builder metrics(Supplier<String> scrape) {
      this.metrics = scrape;
      return this;
    }

    /** Sets how long a request or a push may take. */
    Builder patience(Duration patience) {
      this.patience = patience;
      return this;
    }

    /**
     * Starts the dashboard.
     *
     * @param port the port; 0 for any that is free
     * @throws CallstreamException if the port can't be had
     */
    public Dashboard start(int port) {
      try {
        return new Dashboard(this, new InetSocketAddress(address, port));
      } catch (IOException e) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "The dashboard can't listen on port "
                + port
                + " of "
                + address.getHostAddress()
                + " ("
                + e.getMessage()
                + "). Stop the program that listens there, or choose another port; 0 is any that is"
                + " free.",
            e);
      }
    }
  }
}
