package io.callstream.dashboard;

import com.sun.net.httpserver.HttpServer;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.threads.DaemonThreads;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
 * Serves a web page that shows a running pipeline, a JSON API, health checks and metrics.
 * Thread-safe.
 *
 * <pre>{@code
 * try (RunningPipeline running = engine.start(pipeline);
 *     Dashboard dashboard = Dashboard.of(running).start(4041)) {
 *   System.err.println(dashboard.uri());
 *   running.awaitTermination();
 * }
 * }</pre>
 *
 * <p>The page {@code /operations} shows whether the pipeline keeps up, what it rejected and why,
 * and its settings. Add a {@link io.callstream.sink.RecentDeadLetters} to the pipeline to see
 * samples of rejected records and late calls. Pages never slow the pipeline down, and without an
 * open page the dashboard computes nothing.
 *
 * <p>By default the server is available on this machine only. {@link Builder#bindingTo} makes it
 * available at another address. The server has no authentication and no TLS; use a reverse proxy
 * for them.
 *
 * <p>The dashboard shows the verdict of the {@link io.callstream.progress.StabilityMonitor} that is
 * a listener of the pipeline. Without such a listener it uses a separate monitor, which observes at
 * most four batches a second and does not know the trigger interval.
 */
public final class Dashboard implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Dashboard.class);
  private static final Duration POLL_INTERVAL = Duration.ofMillis(250);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);

  /** The addresses of {@code localhost}. */
  private static final Set<String> LOCALHOST = Set.of("127.0.0.1", "0:0:0:0:0:0:0:1");

  /** One thread for each open page, and 16 for other requests. */
  private static final int THREADS = UpdateStream.MAX_CLIENTS + 16;

  private final HttpServer server;
  private final URI uri;
  private final Operations operations;
  private final RequestExecutor executor;
  private final UpdateStream updates;
  private final ScheduledExecutorService poller =
      Executors.newSingleThreadScheduledExecutor(daemonThreads("callstream-dashboard"));
  private final Set<Class<?>> logged = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closed = new AtomicBoolean();

  private Dashboard(Builder builder, InetSocketAddress address) throws IOException {
    operations = new Operations(builder.running, builder.label, builder.source);
    executor =
        new RequestExecutor(THREADS, daemonThreads("callstream-dashboard-http"), builder.timeLimit);
    updates = new UpdateStream(executor);
    RequestHandler handler =
        new RequestHandler(
            builder.running,
            operations,
            updates,
            executor,
            new Assets(builder.links, builder.notes),
            builder.metrics,
            AllowedHosts.of(address, builder.hosts),
            new ExploreApi(builder.running, operations));
    // Created last, so that an earlier failure does not leave the port open.
    server = HttpServer.create(address, 0);
    uri = uri(address, server.getAddress().getPort());
    server.setExecutor(executor);
    server.createContext("/", handler);
    server.start();
    Future<?> ignored =
        poller.scheduleWithFixedDelay(
            this::poll, 0, POLL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static ThreadFactory daemonThreads(String name) {
    AtomicInteger number = new AtomicInteger();
    return task -> DaemonThreads.of(name + "-" + number.incrementAndGet(), task);
  }

  private static URI uri(InetSocketAddress address, int port) {
    InetAddress bound = address.getAddress();
    String name =
        LOCALHOST.contains(bound.getHostAddress())
            ? "localhost"
            : bound.isAnyLocalAddress()
                ? AllowedHosts.localHost().map(InetAddress::getHostName).orElse("localhost")
                : address.getHostString();
    return URI.create(
        "http://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + port + "/");
  }

  /** Returns a builder for the dashboard of a pipeline. */
  public static Builder of(RunningPipeline running) {
    return new Builder(running);
  }

  /**
   * Returns the address of the page. It has the name of this machine if all addresses are bound.
   */
  public URI uri() {
    return uri;
  }

  private void poll() {
    executor.interruptOverdue();
    try {
      operations.observe();
      if (updates.isWatched()) {
        updates.publish(operations.current());
      }
    } catch (RuntimeException | Error e) {
      logOnce(e);
    }
  }

  /** Logs the first failure of each exception class. */
  private void logOnce(Throwable failure) {
    if (logged.add(failure.getClass())) {
      LOG.warn("The dashboard could not read the state of its pipeline", failure);
    }
  }

  /** Sends the last state and an end event to the open pages, and stops the server. */
  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    poller.shutdown();
    try {
      if (updates.isWatched()) {
        updates.publish(operations.latest());
      }
    } catch (RuntimeException | Error e) {
      logOnce(e);
    }
    updates.close(CLOSE_TIMEOUT);
    server.stop(0);
    executor.close();
  }

  /** Builds a {@link Dashboard}. Not thread-safe. */
  public static final class Builder {
    private final RunningPipeline running;
    private final Map<String, Supplier<Optional<URI>>> links = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final List<String> hosts = new ArrayList<>();
    private InetAddress address = InetAddress.getLoopbackAddress();
    private @Nullable Supplier<String> metrics;
    private Supplier<String> label = () -> "";
    private String source;
    private Duration timeLimit = Duration.ofSeconds(10);

    private Builder(RunningPipeline running) {
      this.running = running;
      this.source = running.pipeline().source().description();
    }

    /**
     * Binds the server to another address than the loopback address. All clients that can reach the
     * address have access, without authentication. The {@code Host} header of a request must be an
     * IP address, {@code localhost}, the name from which the address was created, the name of this
     * machine, or a name of {@link #answeringTo}.
     */
    public Builder bindingTo(InetAddress address) {
      this.address = address;
      return this;
    }

    /**
     * Accepts requests for additional host names, such as those of a reverse proxy or of a service.
     * The server rejects requests for other names, because a foreign web site may resolve its own
     * name to this machine (DNS rebinding).
     *
     * @param hosts the names, without scheme and port
     * @throws IllegalArgumentException if a name is not a host name
     */
    public Builder answeringTo(String... hosts) {
      for (String host : hosts) {
        if (!host.matches("[\\w.-]+")) {
          throw new IllegalArgumentException(
              "'" + host + "' is not a host name. Write the name without scheme and port.");
        }
        this.hosts.add(host);
      }
      return this;
    }

    /** Adds a link to the page. */
    public Builder linking(String title, URI target) {
      return linking(title, () -> Optional.of(target));
    }

    /**
     * Adds a link that may change or end, such as to the Spark UI.
     *
     * @param target returns the target, or empty while there is none; must be thread-safe
     */
    public Builder linking(String title, Supplier<Optional<URI>> target) {
      links.put(title, target);
      return this;
    }

    /** Adds a text next to the links, such as the reason why a link is missing. */
    public Builder noting(String note) {
      notes.add(note);
      return this;
    }

    /**
     * Labels all data, such as {@code Synthetic data}, in the header of each page and in everything
     * that readers export. The label of a {@link Report} is a parameter of its {@code write}.
     */
    public Builder labelling(String label) {
      return labelling(() -> label);
    }

    /**
     * Labels all data as {@link #labelling(String)} does.
     *
     * @param label returns the label, or the empty string while there is none; must be thread-safe
     */
    public Builder labelling(Supplier<String> label) {
      this.label = label;
      return this;
    }

    /**
     * Sets where the calls come from, in the header of each page, such as a file that the program
     * sends to the topic. The default is the description of the source of the pipeline.
     */
    public Builder from(String source) {
      this.source = source;
      return this;
    }

    /**
     * Serves metrics at {@code /metrics}.
     *
     * @param scrape returns the metrics in the text format of Prometheus, such as {@code
     *     PrometheusMeterRegistry.scrape()}; must be thread-safe
     */
    public Builder metrics(Supplier<String> scrape) {
      this.metrics = scrape;
      return this;
    }

    /** Sets the time limit of a request and of a push; 10 seconds by default. */
    Builder timeLimit(Duration timeLimit) {
      this.timeLimit = timeLimit;
      return this;
    }

    /**
     * Starts the dashboard.
     *
     * @param port the port; 0 for any free port
     * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if the port is not available
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
                + "). Stop the program that listens there, or choose another port; 0 selects a free"
                + " port.",
            e);
      }
    }
  }
}
