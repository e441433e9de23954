package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.kafka.source.DataSfFeed.Patience;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpTimeoutException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests pages of a dataset from a SODA server, and repeats a request if that may help. Not
 * thread-safe.
 */
final class SodaClient {
  private static final Logger LOG = LoggerFactory.getLogger(SodaClient.class);
  private static final JsonFactory JSON = new JsonFactory();

  /**
   * The maximum size of a page: more than {@link DataSfFeed#MAX_PAGE_SIZE} rows of 1.5 KB. A page
   * is in memory twice while it is read.
   */
  private static final int MAX_PAGE_BYTES = 128 << 20;

  private static final int MAX_EXCERPT = 200;
  private static final long LOOK_MILLIS = 100;

  private final String source;
  private final URI resource;
  private final @Nullable String token;
  private final Patience patience;
  private final HttpClient http;

  SodaClient(String source, URI resource, @Nullable String token, Patience patience) {
    this.source = source;
    this.resource = resource;
    this.token = token;
    this.patience = patience;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience.connecting())
            .build();
  }

  String source() {
    return source;
  }

  /**
   * Thrown if a server did not answer, or answered with something other than a page.
   *
   * <p>The message contains no secret and no content of a call.
   */
  static final class AnswerException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Whether another attempt may succeed. */
    final boolean passing;

    /** The wait that the server requests. */
    final @Nullable Duration delay;

    private final String fix;

    private AnswerException(
        String message,
        boolean passing,
        @Nullable Duration delay,
        String fix,
        @Nullable Throwable cause) {
      super(message, cause);
      this.passing = passing;
      this.delay = delay;
      this.fix = fix;
    }

    /** Returns a failure that another attempt cannot fix. */
    static AnswerException lasting(String message, String fix) {
      return new AnswerException(message, false, null, fix, null);
    }

    CallstreamException asFailure(String source, long records) {
      return new CallstreamException(
          ErrorCode.INPUT_FAILED,
          String.format(
              "%s was not read to its end, but to record %d: %s. %s",
              source, records, getMessage(), fix),
          this);
    }
  }

  /**
   * Returns the rows that meet a condition, at most {@code limit} of them, as compact JSON.
   *
   * @throws AnswerException if the server does not return them
   */
  List<byte[]> rows(String where, String order, int limit)
      throws AnswerException, InterruptedException {
    URI page =
        URI.create(
            resource
                + "?$limit="
                + limit
                + "&$order="
                + encoded(order)
                + "&$where="
                + encoded(where));
    for (int attempt = 1; ; attempt++) {
      try {
        return rowsOf(answer(page), limit);
      } catch (AnswerException e) {
        Duration delay = e.delay == null ? backOff(attempt) : e.delay;
        if (!e.passing) {
          throw e;
        }
        if (attempt == patience.attempts() || delay.compareTo(patience.longestDelay()) > 0) {
          throw lastOf(attempt, delay, e);
        }
        LOG.warn(
            "{}: {}. Asking again in {} s, attempt {} of {}.",
            source,
            e.getMessage(),
            String.format("%.1f", delay.toMillis() / 1e3),
            attempt + 1,
            patience.attempts());
        TimeUnit.NANOSECONDS.sleep(delay.toNanos());
      }
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8).replace("+", "%20");
  }

  private Duration backOff(int attempt) {
    double shortened = 0.5 + ThreadLocalRandom.current().nextDouble() / 2;
    double millis = patience.firstDelay().toMillis() * Math.pow(2, attempt - 1) * shortened;
    return Duration.ofMillis((long) millis);
  }

  private AnswerException lastOf(int attempt, Duration delay, AnswerException e) {
    String often =
        attempt < patience.attempts()
            ? ", and requests a wait of " + delay.toSeconds() + " s"
            : ", at the last of " + attempt + " attempts";
    return new AnswerException(e.getMessage() + often, true, e.delay, e.fix, e);
  }

  private record Answer(HttpResponse<?> head, Body body) {}

  /**
   * Collects a response body. A thread of the HTTP client fills it; it is read after that thread
   * has finished.
   */
  private static final class Body {
    private final List<InputStream> parts = new ArrayList<>();
    private final long startNanos = System.nanoTime();
    private long size;
    private volatile long latestNanos = startNanos;
    private volatile boolean tooLarge;

    void add(Optional<byte[]> more) {
      latestNanos = System.nanoTime();
      if (more.isPresent()) {
        size += more.get().length;
        tooLarge = size > MAX_PAGE_BYTES;
        if (!tooLarge) {
          parts.add(new ByteArrayInputStream(more.get()));
        }
      }
    }

    /** Returns the whole body. Call it only once. */
    InputStream stream() {
      return new SequenceInputStream(Collections.enumeration(parts));
    }

    void check(Patience patience) throws HttpTimeoutException {
      long now = System.nanoTime();
      if (now - latestNanos > patience.silence().toNanos()) {
        throw new HttpTimeoutException("nothing came for " + patience.silence().toSeconds() + " s");
      }
      if (now - startNanos > patience.page().toNanos()) {
        throw new HttpTimeoutException(
            "the page was not there after " + patience.page().toSeconds() + " s");
      }
    }
  }

  private Answer answer(URI page) throws AnswerException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(page)
            .header("Accept", "application/json")
            .header("Accept-Encoding", "gzip")
            .header("User-Agent", "callstream");
    if (token != null) {
      request.header("X-App-Token", token);
    }
    Body body = new Body();
    CompletableFuture<HttpResponse<Void>> answer =
        http.sendAsync(request.build(), head -> BodySubscribers.ofByteArrayConsumer(body::add));
    try {
      while (true) {
        try {
          HttpResponse<Void> head = answer.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
          if (body.tooLarge) {
            throw tooLarge();
          }
          return new Answer(head, body);
        } catch (TimeoutException e) {
          if (body.tooLarge) {
            throw tooLarge();
          }
          body.check(patience);
        }
      }
    } catch (ExecutionException e) {
      throw unreachable(e.getCause());
    } catch (HttpTimeoutException e) {
      throw unreachable(e);
    } finally {
      answer.cancel(true);
    }
  }

  private AnswerException unreachable(@Nullable Throwable cause) {
    String reason =
        cause instanceof HttpConnectTimeoutException
            ? "no connection within " + patience.connecting().toSeconds() + " s"
            : cause instanceof ConnectException
                ? "no connection"
                : cause == null || cause.getMessage() == null
                    ? "the connection failed"
                    : cause.getMessage();
    return new AnswerException(
        resource + " could not be read (" + harmless(reason) + ")",
        !(cause instanceof SSLHandshakeException),
        null,
        "Check the network and the server's name, and that its certificate is known here.",
        cause);
  }

  private AnswerException tooLarge() {
    return AnswerException.lasting(
        resource + " answered with more than " + (MAX_PAGE_BYTES >> 20) + " MiB for a page",
        "Ask for smaller pages.");
  }

  private List<byte[]> rowsOf(Answer answer, int limit) throws AnswerException {
    int status = answer.head().statusCode();
    if (status != 200) {
      throw refusal(status, answer);
    }
    List<byte[]> rows = new ArrayList<>();
    boolean passing = true;
    try (PeekableInput in = new PeekableInput(new Bounded(unpacked(answer)));
        CallRecords records = JsonRecords.ofArray(source, in)) {
      // If the content is not an array at all, it is not a truncated page.
      passing = in.lookAt(0) < 0 || in.lookAt(0) == '[';
      while (records.hasNext()) {
        if (rows.size() == limit) {
          throw AnswerException.lasting(
              resource + " answered with more rows than the " + limit + " that were asked for",
              "The server must know $limit, $order and $where of the SODA API.");
        }
        rows.add(records.next());
      }
      return rows;
    } catch (IOException | CallstreamException e) {
      if (e instanceof AnswerException || e.getCause() instanceof AnswerException) {
        throw (AnswerException) (e instanceof AnswerException ? e : e.getCause());
      }
      throw new AnswerException(
          resource + " answered with what is no whole JSON array",
          passing,
          null,
          "See what a browser shows there: a proxy may have answered.",
          e);
    }
  }

  private static InputStream unpacked(Answer answer) throws IOException {
    InputStream in = answer.body().stream();
    boolean packed =
        answer.head().headers().firstValue("Content-Encoding").orElse("").equalsIgnoreCase("gzip");
    return packed ? new GZIPInputStream(in) : in;
  }

  /**
   * Fails after as many bytes as fit into the memory limit, because few compressed bytes can
   * decompress to very many.
   */
  private final class Bounded extends FilterInputStream {
    private long left = MAX_PAGE_BYTES;

    Bounded(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      int count = in.read(b, off, len);
      left -= Math.max(0, count);
      if (left < 0) {
        throw tooLarge();
      }
      return count;
    }
  }

  private AnswerException refusal(int status, Answer answer) {
    // 202 means that the server is still processing the query.
    boolean passing = status == 429 || status == 408 || status == 202 || status >= 500;
    String fix =
        switch (status) {
          case 429 ->
              "Calls without an app token share a quota with others; give one, or try later.";
          case 401, 403 -> "Check the app token, or leave it out.";
          case 404 -> "Check the server's name.";
          default ->
              status / 100 == 3
                  ? "Redirections are not followed: name the server that has the feed."
                  : "Try again later.";
        };
    return new AnswerException(
        resource + " answered " + status + said(answer),
        passing,
        passing ? retryAfter(answer) : null,
        fix,
        null);
  }

  /** Returns the server's message with a colon before it, as far as it is readable text. */
  private static String said(Answer answer) {
    String message;
    try (InputStream in = unpacked(answer)) {
      byte[] start = in.readNBytes(1 << 14);
      message = messageIn(start).orElse(new String(start, UTF_8));
    } catch (IOException e) {
      message = "";
    }
    String text = harmless(message);
    return text.isEmpty() ? "" : ": " + text;
  }

  /** Returns the message of an error in Socrata's format. */
  private static Optional<String> messageIn(byte[] body) {
    try (JsonParser json = JSON.createParser(body)) {
      if (json.nextToken() == JsonToken.START_OBJECT) {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          boolean isMessage = json.currentName().equals("message");
          if (json.nextToken() == JsonToken.VALUE_STRING && isMessage) {
            return Optional.of(json.getText());
          }
          json.skipChildren();
        }
      }
    } catch (IOException e) {
      // The body is not an error in this format.
    }
    return Optional.empty();
  }

  /** Returns the start of a text in one line, without characters that control a terminal. */
  private static String harmless(String text) {
    String line = text.replaceAll("[\\s\\p{C}]+", " ").strip();
    return line.length() <= MAX_EXCERPT ? line : line.substring(0, MAX_EXCERPT) + "\u2026";
  }

  /** Returns the wait that the server requests, or null if it requests none. */
  private static @Nullable Duration retryAfter(Answer answer) {
    String value = answer.head().headers().firstValue("Retry-After").orElse("").strip();
    try {
      if (value.matches("\\d{1,9}")) {
        return Duration.ofSeconds(Long.parseLong(value));
      }
      Instant date = DateTimeFormatter.RFC_1123_DATE_TIME.parse(value, Instant::from);
      Duration delay = Duration.between(Instant.now(), date);
      return delay.isNegative() ? Duration.ZERO : delay;
    } catch (DateTimeException e) {
      return null;
    }
  }
}
