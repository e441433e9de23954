package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import io.callstream.dashboard.Operations.Update;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Pushes the state of a pipeline to the open pages as server-sent events: first the whole state,
 * then what changed, compressed if the browser supports it. Each page has a thread that writes the
 * difference between the newest state and the one that the page has. A page that reads slowly skips
 * states, and a page that does not read is disconnected; other pages do not wait for it. Heartbeats
 * contain the time of this machine, so that a page computes the age of a batch without the clock of
 * the browser. Thread-safe.
 */
final class UpdateStream {
  /** The maximum number of open pages. */
  static final int MAX_CLIENTS = 32;

  static final String TYPE = "text/event-stream; charset=utf-8";

  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private final RequestExecutor executor;
  private final Set<Thread> clients = new HashSet<>();
  private @Nullable Update latest;
  private boolean closed;

  /** Creates a stream without pages; threads of the executor call {@link #serve}. */
  UpdateStream(RequestExecutor executor) {
    this.executor = executor;
  }

  /** Returns whether a page is open. */
  synchronized boolean isWatched() {
    return !clients.isEmpty();
  }

  /** Sends a state to all pages, unless a newer one was published already. */
  synchronized void publish(Update update) {
    if (latest == null || latest.number() < update.number()) {
      latest = update;
      notifyAll();
    }
  }

  /** Sends states to a page until the page disconnects or this stream closes. */
  void serve(HttpExchange exchange, Update first) throws IOException {
    if (!join()) {
      // An event instead of an error status: scripts cannot read the status of an event stream.
      try (OutputStream body = open(exchange)) {
        write(body, "full", Integer.toString(MAX_CLIENTS));
      }
      return;
    }
    try (OutputStream body = open(exchange)) {
      writeHeartbeat(body);
      write(body, "state", first.full());
      Update seen = first;
      while (await(seen.number())) {
        Update update = newerThan(seen.number());
        if (update == null) {
          writeHeartbeat(body);
        } else {
          write(body, "patch", update.changesSince(seen));
          seen = update;
        }
      }
      write(body, "end", "");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      leave();
    }
  }

  private static void write(OutputStream body, String name, String data) throws IOException {
    body.write(("event: " + name + "\ndata: " + data + "\n\n").getBytes(UTF_8));
    body.flush();
  }

  private static void writeHeartbeat(OutputStream body) throws IOException {
    write(body, "alive", Long.toString(System.currentTimeMillis()));
  }

  private static OutputStream open(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", TYPE);
    // Proxies must forward each event at once.
    exchange.getResponseHeaders().set("X-Accel-Buffering", "no");
    boolean compressed = Response.acceptsGzip(exchange);
    if (compressed) {
      exchange.getResponseHeaders().set("Content-Encoding", "gzip");
    }
    exchange.sendResponseHeaders(200, 0);
    OutputStream body = exchange.getResponseBody();
    // The compressor keeps what it has sent, so that similar events are short.
    return compressed ? new GZIPOutputStream(body, true) : body;
  }

  private synchronized boolean join() {
    return !closed && clients.size() < MAX_CLIENTS && clients.add(Thread.currentThread());
  }

  private synchronized void leave() {
    clients.remove(Thread.currentThread());
    notifyAll();
  }

  /**
   * Waits for a newer state or the next heartbeat. Returns false if the stream is closed and the
   * page has received the last state.
   */
  private synchronized boolean await(long seen) throws InterruptedException {
    executor.clearLimit();
    try {
      long end = System.nanoTime() + HEARTBEAT.toNanos();
      while (newerThan(seen) == null) {
        long left = end - System.nanoTime();
        if (closed) {
          return false;
        }
        if (left <= 0) {
          return true;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
      return true;
    } finally {
      // The page must read the next event within the time limit.
      executor.startLimit();
    }
  }

  private synchronized @Nullable Update newerThan(long seen) {
    return latest != null && latest.number() > seen ? latest : null;
  }

  /** Sends pages the last state and disconnects them; waits for them up to a timeout. */
  synchronized void close(Duration timeout) {
    closed = true;
    notifyAll();
    long end = System.nanoTime() + timeout.toNanos();
    try {
      while (!clients.isEmpty() && System.nanoTime() < end) {
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(1, end - System.nanoTime()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
