package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import io.callstream.dashboard.LiveSnapshot.Update;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Pushes snapshots to the pages that are open, as server-sent events. Each page has a thread, which
 * writes the newest snapshot that the page has not seen: one that reads slowly skips some, and one
 * that does not read at all is dropped. Nobody waits for a page. Signs of life say what the clock
 * of this machine shows, so that a page whose own clock differs can tell how old a batch is.
 * Thread-safe.
 */
final class UpdateStream {
  /** How many pages may be open. */
  static final int MAX_CLIENTS = 32;

  static final String TYPE = "text/event-stream; charset=utf-8";

  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private final Answerers answerers;
  private final Set<Thread> clients = new HashSet<>();
  private @Nullable Update latest;
  private boolean closed;

  /**
   * Prepares a stream.
   *
   * @param answerers whose threads call {@link #serve}
   */
  UpdateStream(Answerers answerers) {
    this.answerers = answerers;
  }

  /** Returns whether somebody is watching. */
  synchronized boolean isWatched() {
    return !clients.isEmpty();
  }

  /** Has a snapshot sent to all who have not seen it, unless a newer one was quicker. */
  synchronized void publish(Update update) {
    if (latest == null || latest.number() < update.number()) {
      latest = update;
      notifyAll();
    }
  }

  /** Answers a request with snapshots until the page goes, or this is closed. */
  void serve(HttpExchange exchange, Update first) throws IOException {
    if (!admit()) {
      // An event, and no status, for that is all that a page hears of.
      try (OutputStream body = open(exchange)) {
        write(body, "full", Integer.toString(MAX_CLIENTS));
      }
      return;
    }
    try (OutputStream body = open(exchange)) {
      writeAlive(body);
      write(body, "update", first.json());
      long seen = first.number();
      while (await(seen)) {
        Update update = newerThan(seen);
        writeAlive(body);
        if (update != null) {
          write(body, "update", update.json());
          seen = update.number();
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

  private static void writeAlive(OutputStream body) throws IOException {
    write(body, "alive", Long.toString(System.currentTimeMillis()));
  }

  private static OutputStream open(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", TYPE);
    exchange
        .getResponseHeaders()
        .set("X-Accel-Buffering", "no"); // A proxy is to hand on each event.
    exchange.sendResponseHeaders(200, 0);
    return exchange.getResponseBody();
  }

  private synchronized boolean admit() {
    return !closed && clients.size() < MAX_CLIENTS && clients.add(Thread.currentThread());
  }

  private synchronized void leave() {
    clients.remove(Thread.currentThread());
    notifyAll();
  }

  /** Waits for a newer snapshot or the next heartbeat; returns false when all is seen and over. */
  private synchronized boolean await(long seen) throws InterruptedException {
    answerers.rest();
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
      // From now on the page has some time to read what it gets.
      answerers.begin();
    }
  }

  private synchronized @Nullable Update newerThan(long seen) {
    return latest != null && latest.number() > seen ? latest : null;
  }

  /** Lets pages have what was published, and then go; waits for them, but not long. */
  synchronized void close(Duration patience) {
    closed = true;
    notifyAll();
    long end = System.nanoTime() + patience.toNanos();
    try {
      while (!clients.isEmpty() && System.nanoTime() < end) {
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(1, end - System.nanoTime()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
