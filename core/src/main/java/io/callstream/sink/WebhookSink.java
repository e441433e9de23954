package io.callstream.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.sink.RowFormatter;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.ResultSink;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends each spike to a web server, in a separate thread, until the server accepts it. */
final class WebhookSink implements ResultSink {
  /** The maximum number of alerts that wait. */
  static final int MAX_WAITING = 1_000;

  /** For how long before the watermark a new run sends spikes again. */
  static final Duration SENT_AGAIN = Duration.ofDays(1);

  private static final Logger LOG = LoggerFactory.getLogger(WebhookSink.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

  /** Responses to an alert that the server will never accept. */
  private static final Set<Integer> REFUSALS = Set.of(400, 413, 422);

  private static final int FIRST_SUCCESS = 200;
  private static final int AFTER_SUCCESS = 300;

  private final URI target;
  private final Map<String, String> headers;
  private final Duration firstPause;
  private final Duration closing;
  private final Semaphore free = new Semaphore(MAX_WAITING);
  private @Nullable ExecutorService sender;
  private @Nullable HttpClient client;
  private boolean failing;

  WebhookSink(URI target, Map<String, String> headers) {
    this(target, headers, Duration.ofSeconds(1), Duration.ofSeconds(10));
  }

  /**
   * Creates a sink.
   *
   * @param firstPause the pause after the first failure of an alert, which doubles with each
   *     further failure up to a minute
   * @param closing for how long the end of a run waits for the server
   */
  WebhookSink(URI target, Map<String, String> headers, Duration firstPause, Duration closing) {
    if (target.getHost() == null || !Set.of("http", "https").contains(target.getScheme())) {
      // The message has no part of the address, which may contain a secret.
      throw new IllegalArgumentException(
          "The address of a webhook does not start with http:// or https:// and a host; use one"
              + " such as https://alerts.example.org/calls");
    }
    this.target = target;
    this.headers = Map.copyOf(headers);
    this.firstPause = firstPause;
    this.closing = closing;
    var ignored = request(new byte[0], "").build(); // Rejects headers that are not valid.
  }

  private HttpRequest.Builder request(byte[] body, String key) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(target)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    headers.forEach(
        (name, value) -> {
          try {
            request.header(name, value);
          } catch (IllegalArgumentException e) {
            // The exception has the value, which may be a secret.
            throw new IllegalArgumentException(
                ("The header '%s' of a webhook is not valid. Use a name that Java's HTTP client allows,"
                        + " and a value without line ends.")
                    .formatted(name));
          }
        });
    return request;
  }

  @Override
  public void open(BatchResults restored) {
    client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    sender = Executors.newSingleThreadExecutor(DaemonThreads.named("callstream-alerts"));
    failing = false;
    Instant since = restored.watermark().map(time -> time.minus(SENT_AGAIN)).orElse(Instant.MAX);
    List<Spike> recent =
        Spike.in(restored.pipeline(), restored.current())
            .filter(spike -> spike.emitted().isAfter(since))
            .sorted(Comparator.comparing((Spike spike) -> spike.window().start()).reversed())
            .limit(MAX_WAITING)
            .toList();
    for (int i = recent.size() - 1; i >= 0; i--) {
      send(recent.get(i), restored.pipeline().format().zone());
    }
  }

  @Override
  public void write(BatchResults batch) {
    Spike.in(batch.pipeline(), batch.updates())
        .forEach(spike -> send(spike, batch.pipeline().format().zone()));
  }

  private void send(Spike spike, ZoneId zone) {
    ExecutorService running = sender;
    HttpClient http = client;
    if (running == null || http == null) {
      throw new IllegalStateException("the sink is not open");
    }
    try {
      free.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          ("%s spikes wait because %s does not accept them. Correct the server or the address; a run"
                  + " with the same checkpoint sends them again.")
              .formatted(MAX_WAITING, this),
          e);
    }
    HttpRequest request = request(json(spike, zone), spike.key()).build();
    running.execute(
        () -> {
          try {
            deliver(http, request, spike);
          } catch (InterruptedException e) {
            LOG.warn("{} did not accept {} before the run ended", this, spike.key());
          } finally {
            free.release();
          }
        });
  }

  private static byte[] json(Spike spike, ZoneId zone) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
      json.writeStartObject();
      json.writeStringField("key", spike.key());
      json.writeStringField("text", spike.text(zone));
      json.writeStringField("statistic", spike.statistic().name());
      json.writeFieldName("row");
      new RowFormatter(spike.statistic(), zone).write(json, spike.row());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private void deliver(HttpClient http, HttpRequest request, Spike spike)
      throws InterruptedException {
    long pause = firstPause.toMillis();
    while (true) {
      String failure;
      try {
        int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status >= FIRST_SUCCESS && status < AFTER_SUCCESS) {
          if (failing) {
            LOG.info("{} accepts spikes again", this);
          }
          failing = false;
          return;
        }
        if (REFUSALS.contains(status)) {
          LOG.error("{} refused {} with status {}, so it was not sent", this, spike.key(), status);
          return;
        }
        failure = "status " + status;
      } catch (IOException e) {
        failure = e.toString();
      }
      if (!failing) {
        LOG.warn("{} does not accept spikes ({}); the sink tries again", this, failure);
      }
      failing = true;
      Thread.sleep(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE.toMillis());
    }
  }

  @Override
  public void close() {
    ExecutorService running = sender;
    sender = null;
    if (running == null) {
      return;
    }
    running.shutdown();
    try {
      if (!running.awaitTermination(closing.toMillis(), TimeUnit.MILLISECONDS)) {
        int unsent = running.shutdownNow().size();
        free.release(unsent);
        LOG.warn("{} spikes were not sent to {}; the next run sends those of a day", unsent, this);
      }
    } catch (InterruptedException e) {
      free.release(running.shutdownNow().size());
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return "webhook at " + target.getHost() + (target.getPort() < 0 ? "" : ":" + target.getPort());
  }
}
