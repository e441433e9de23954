package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.callstream.dashboard.Operations.Update;
import io.callstream.testing.WatchedRun;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests pushes to pages that read and to pages that do not. */
class UpdateStreamTest {
  private static final int MEGABYTES = 16;

  private final RequestExecutor executor =
      new RequestExecutor(4, Thread::new, Duration.ofMillis(500));
  private final UpdateStream updates = new UpdateStream(executor);
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(executor);
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            updates.serve(exchange, update(0, "first"));
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    updates.close(Duration.ofSeconds(1));
    server.stop(0);
    executor.close();
  }

  private Update update(long number, String json) {
    return new Update(number, Map.of("text", json), List.of());
  }

  /** Opens a page that does not read, with a small receive buffer. */
  private Socket stalledPage() throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(1_024);
    socket.connect(server.getAddress());
    socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
    return socket;
  }

  private BufferedReader page() throws IOException, InterruptedException {
    URI uri = URI.create("http://localhost:" + server.getAddress().getPort());
    return new BufferedReader(
        new InputStreamReader(
            HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofInputStream())
                .body(),
            UTF_8));
  }

  /** Returns the data of the next event except heartbeats. */
  private static @Nullable String next(BufferedReader page) throws IOException {
    String event;
    do {
      event = page.readLine();
    } while (event != null && !event.matches("event: (state|patch|end)"));
    if (event == null) {
      return null;
    }
    String data = page.readLine().substring("data: ".length());
    return data.isEmpty() ? data : data.replaceAll("[{]\"text\":\"(.*)\"}", "$1");
  }

  private static int read(InputStream in) {
    int all = 0;
    try {
      for (int n; (n = in.read(new byte[8_192])) >= 0; ) {
        all += n;
      }
    } catch (IOException e) {
      // A reset connection also ends the page.
    }
    return all;
  }

  @Test
  void disconnectsAPageThatDoesNotReadAndServesTheOthers() throws Exception {
    try (Socket stalled = stalledPage()) {
      WatchedRun.await("the stalled page is connected", updates::isWatched);
      try (BufferedReader eager = page()) {
        assertThat(next(eager)).isEqualTo("first");
        String megabyte = "x".repeat(1 << 20);
        for (int i = 1; i <= MEGABYTES; i++) {
          updates.publish(update(i, i + megabyte));
          assertThat(next(eager)).isEqualTo(i + megabyte);
        }
      }
      AtomicLong number = new AtomicLong(MEGABYTES);
      WatchedRun.await(
          "both pages are disconnected",
          () -> {
            executor.interruptOverdue();
            long next = number.incrementAndGet();
            updates.publish(update(next, "more " + next));
            return !updates.isWatched();
          });
      assertThat(read(stalled.getInputStream())).isLessThan(MEGABYTES << 20);
    }
  }

  @Test
  void skipsAnUpdateThatIsOlderThanTheLastOne() throws Exception {
    try (BufferedReader page = page()) {
      assertThat(next(page)).isEqualTo("first");
      updates.publish(update(2, "second"));
      updates.publish(update(1, "outdated"));
      assertThat(next(page)).isEqualTo("second");
      updates.close(Duration.ofSeconds(10));
      assertThat(next(page)).isEmpty();
      assertThat(next(page)).isNull();
    }
  }
}
