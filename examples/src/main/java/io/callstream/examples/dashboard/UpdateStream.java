package io.callstream.examples.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import io.callstream.examples.dashboard.LiveSnapshot.Update;
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
 * that does not read at all is dropped. Nobody waits for a page. Thread-safe.
 */
final class UpdateStream {
  /** How many pages may be open. */
  static final int MAX_CLIENTS = 32;

  private static final Duration HEARTBEAT = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Set<Client> clients = new HashSet<>();
  private @Nullable Update latest;
  private boolean closed;

  /** A page, whose thread can be found stuck in writing. */
  private static final class Client {
    private final Thread thread = Thread.currentThread();
    private long writingSince;
    private boolean writing;

    void write(OutputStream body, String event) throws IOException {
      setWriting(true);
      try {
        body.write(event.getBytes(UTF_8));
        body.flush();
      } finally {
        setWriting(false);
      }
    }

    private synchronized void setWriting(boolean now) {
      writing = now;
      writingSince = System.nanoTime();
    }

    /** Interrupts a write that takes too long, which closes the connection. */
    synchronized void dropIfStuck() {
      if (writing && System.nanoTime() - writingSince > PATIENCE.toNanos()) {
        thread.interrupt();
      }
    }
  }

  /** Returns whether somebody is watching. */
  synchronized boolean isWatched() {
    return !clients.isEmpty();
  }

  /** Has a snapshot sent to all who have not seen it. */
  synchronized void publish(Update update) {
    latest = update;
    notifyAll();
  }

  /** Drops those who do not read. */
  void dropStuck() {
    Set<Client> all;
    synchronized (this) {
      all = Set.copyOf(clients);
    }
    all.forEach(Client::dropIfStuck);
  }

  /** Answers a request with snapshots until the page goes, or this is closed. */
  void serve(HttpExchange exchange, Update first) throws IOException {
    Client client = new Client();
    if (!admit(client)) {
      exchange.getResponseHeaders().set("Retry-After", "10");
      Answer.text(503, "Too many pages are open: " + MAX_CLIENTS + ".").send(exchange);
      return;
    }
    try (OutputStream body = open(exchange)) {
      client.write(body, event("update", first.json()));
      long seen = first.number();
      while (await(seen)) {
        Update update = newerThan(seen);
        if (update == null) {
          client.write(body, event("alive", ""));
        } else {
          client.write(body, event("update", update.json()));
          seen = update.number();
        }
      }
      client.write(body, event("end", ""));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      leave(client);
    }
  }

  private static OutputStream open(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream; charset=utf-8");
    exchange.sendResponseHeaders(200, 0);
    return exchange.getResponseBody();
  }

  private static String event(String name, String data) {
    return "event: " + name + "\ndata: " + data + "\n\n";
  }

  private synchronized boolean admit(Client client) {
    return !closed && clients.size() < MAX_CLIENTS && clients.add(client);
  }

  private synchronized void leave(Client client) {
    clients.remove(client);
    // An interrupt that came too late is not the next request's.
    if (Thread.interrupted() && closed) {
      Thread.currentThread().interrupt();
    }
    notifyAll();
  }

  /** Waits for a newer snapshot or the next heartbeat; returns false when all is seen and over. */
  private synchronized boolean await(long seen) throws InterruptedException {
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
