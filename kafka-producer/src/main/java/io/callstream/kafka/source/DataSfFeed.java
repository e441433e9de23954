package io.callstream.kafka.source;

import io.callstream.call.DataSfCalls;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A feed of police calls of DataSF, read over HTTP with the SODA API. The records have the format
 * of {@link DataSfCalls}. Each is a row as compact JSON. Immutable. Opening the feed again reads it
 * again.
 *
 * <p>Rows arrive page by page in the order of {@code cad_number}, which is approximately the order
 * of the call times. Each page starts with the call at which the previous page ended. Therefore
 * each row is read once, in the version that it has when its page is read, even if many rows change
 * in the meantime. Rows without a {@code cad_number} are last, in no particular order. They cannot
 * be parsed as calls, so a pipeline rejects and counts them. The feed fails if a full page of such
 * rows exists.
 *
 * <p>The feed ends at a page without new rows, because a server may return fewer rows than were
 * requested.
 *
 * <p>{@link io.callstream.kafka.UnsentCalls} resumes sending a feed: it omits the versions of calls
 * that the topic has.
 *
 * <p>The feed holds a page in memory until its records are taken. If a page is damaged or missing,
 * the feed returns no record of it and requests it again:
 *
 * <ul>
 *   <li>It repeats a request if the server is overloaded (429), fails (202, 408, 5xx) or cannot be
 *       reached.
 *   <li>It makes up to six attempts. It waits for the time in {@code Retry-After}, or else for one
 *       second, two, four, eight and sixteen, each randomly shortened by up to a half.
 *   <li>It fails at once if a repetition would not help or the wait is more than five minutes.
 *   <li>A connection must be established within ten seconds, and may then be silent for a minute.
 *   <li>A page must arrive within ten minutes and must not exceed 128 MiB.
 *   <li>It does not follow redirections.
 * </ul>
 *
 * <p>A read that waits ends when its thread is interrupted.
 */
public final class DataSfFeed implements CallSource {
  /** The maximum number of rows that the server returns at once. */
  public static final int MAX_PAGE_SIZE = 50_000;

  /** The default number of rows per request; see {@link #withPageSize}. */
  public static final int DEFAULT_PAGE_SIZE = 10_000;

  private static final int MIN_PAGE_SIZE = 2;
  private static final Duration MIN_INTERVAL = Duration.ofSeconds(1);

  /** The feed of open calls shows each call for two days. */
  private static final Duration MAX_INTERVAL = Duration.ofDays(1);

  private static final URI DATASF = URI.create("https://data.sfgov.org");
  private static final String REAL_TIME = "gnap-fj3t";
  private static final String CLOSED = "2zdj-bwza";

  private final String dataset;
  private final URI server;
  private final @Nullable String token;
  private final int pageSize;
  private final @Nullable Duration interval;
  private final Patience patience;
  private final Clock clock;

  private DataSfFeed(
      String dataset,
      URI server,
      @Nullable String token,
      int pageSize,
      @Nullable Duration interval,
      Patience patience,
      Clock clock) {
    this.dataset = dataset;
    this.server = server;
    this.token = token;
    this.pageSize = pageSize;
    this.interval = interval;
    this.patience = patience;
    this.clock = clock;
    if (token != null && server.getScheme().equals("http") && !isLoopback(server.getHost())) {
      throw invalid(
          "An app token would go to "
              + server
              + " for everybody to read: use https, or leave the token out.");
    }
  }

  /**
   * Returns a feed by the id of its dataset: {@code gnap-fj3t} contains the calls of the last 48
   * hours, and {@code 2zdj-bwza} contains all closed calls.
   *
   * @throws IllegalArgumentException for any other id
   */
  public static DataSfFeed of(String dataset) {
    if (!dataset.equals(REAL_TIME) && !dataset.equals(CLOSED)) {
      throw invalid(
          "'"
              + dataset
              + "' is no dataset of police calls: "
              + REAL_TIME
              + " has those of the last 48 hours, "
              + CLOSED
              + " all that are closed.");
    }
    Clock clock = Clock.system(DataSfCalls.json().zone());
    return new DataSfFeed(dataset, DATASF, null, DEFAULT_PAGE_SIZE, null, Patience.DEFAULT, clock);
  }

  /**
   * Returns the feed at another server with the same API, such as a mirror.
   *
   * @param server {@code http} or {@code https}, a host, and optionally a port and a path; no user,
   *     query or fragment
   */
  public DataSfFeed at(URI server) {
    String scheme = server.getScheme() == null ? "" : server.getScheme().toLowerCase(Locale.ROOT);
    if ((!scheme.equals("http") && !scheme.equals("https"))
        || server.getHost() == null
        || server.getRawUserInfo() != null
        || server.getRawQuery() != null
        || server.getRawFragment() != null) {
      throw invalid(
          "The server of a feed is a URL such as "
              + DATASF
              + ", perhaps with a path, and without a user, query or fragment.");
    }
    String path = server.getRawPath() == null ? "" : server.getRawPath().replaceAll("/+$", "");
    URI plain = URI.create(scheme + "://" + server.getRawAuthority() + path);
    return new DataSfFeed(dataset, plain, token, pageSize, interval, patience, clock);
  }

  /**
   * Returns the feed with an app token. The server identifies the caller by the token and gives it
   * a separate quota. The token is sent in a header, only over TLS or to this machine, and is never
   * shown.
   */
  public DataSfFeed withToken(String token) {
    if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw invalid("An app token has letters, digits and signs, and no space or line break.");
    }
    return new DataSfFeed(dataset, server, token, pageSize, interval, patience, clock);
  }

  /**
   * Returns the feed with another page size. Reading needs memory for this many rows of about 1.5
   * KB each.
   *
   * @param rows 2 to {@value #MAX_PAGE_SIZE}
   */
  public DataSfFeed withPageSize(int rows) {
    if (rows < MIN_PAGE_SIZE || rows > MAX_PAGE_SIZE) {
      throw invalid(
          "A page of " + rows + " rows: it must have " + MIN_PAGE_SIZE + " to " + MAX_PAGE_SIZE);
    }
    return new DataSfFeed(dataset, server, token, rows, interval, patience, clock);
  }

  /**
   * Returns the feed as a source without an end. After it has read all rows, it polls for rows that
   * are new or have changed, until the reading is interrupted.
   *
   * <p>Each version of a row that a poll finds is returned once. The field {@code
   * call_last_updated_at} identifies the version. A poll requests rows from 90 minutes before the
   * latest time that was seen, for two reasons: the feed is not strictly in the order of that
   * field, and its times follow clocks that are set back in autumn. If a time is more than an hour
   * ahead of this machine's clock, the feed logs one warning and does not use the time as the
   * latest.
   *
   * <p>If a poll, including the first, fails for a temporary reason, the feed logs a warning, and
   * the next poll makes up for it. The next poll waits as long as the server requests, but at most
   * a day.
   *
   * @param interval from the start of one poll to the start of the next; from one second to one
   *     day. The feed changes every ten minutes
   * @throws IllegalArgumentException for the closed calls, which change once a day
   */
  public DataSfFeed polling(Duration interval) {
    if (!dataset.equals(REAL_TIME)) {
      throw invalid(
          "The dataset " + dataset + " changes once a day: read it again, or poll " + REAL_TIME);
    }
    if (interval.compareTo(MIN_INTERVAL) < 0 || interval.compareTo(MAX_INTERVAL) > 0) {
      throw invalid("Polling every " + interval + ": it must be from one second to one day");
    }
    return new DataSfFeed(dataset, server, token, pageSize, interval, patience, clock);
  }

  DataSfFeed with(Patience patience) {
    return new DataSfFeed(dataset, server, token, pageSize, interval, patience, clock);
  }

  DataSfFeed with(Clock clock) {
    return new DataSfFeed(dataset, server, token, pageSize, interval, patience, clock);
  }

  private static boolean isLoopback(String host) {
    // The host 127.example.com is not a loopback address: anyone can own such a name.
    return host.equals("localhost")
        || host.equals("[::1]")
        || host.matches("127(\\.[0-9]{1,3}){3}");
  }

  private static IllegalArgumentException invalid(String message) {
    return new IllegalArgumentException(message);
  }

  @Override
  public String name() {
    return "DataSF " + dataset;
  }

  @Override
  public CallRecords open() {
    URI resource = URI.create(server + "/resource/" + dataset + ".json");
    SodaClient client = new SodaClient(name(), resource, token, patience);
    return new FeedRecords(client, pageSize, Optional.ofNullable(interval), clock);
  }

  /**
   * {@inheritDoc} Rows are the same if they have the same {@code cad_number} (or {@code id}, if
   * they have none) and the same {@code call_last_updated_at}. The times of loading differ.
   */
  @Override
  public byte[] identity(byte[] record) {
    return FeedRecords.version(record);
  }

  /** Returns the dataset and the server, without the token. */
  @Override
  public String toString() {
    return name() + " at " + server;
  }

  /**
   * The time limits for a server.
   *
   * @param attempts the maximum number of requests for a page
   * @param firstDelay the delay before the second attempt; each further delay is twice as long
   * @param longestDelay the maximum delay that a server may request
   * @param connecting the maximum time to establish a connection
   * @param silence the maximum time without data
   * @param page the maximum time for a page
   */
  record Patience(
      int attempts,
      Duration firstDelay,
      Duration longestDelay,
      Duration connecting,
      Duration silence,
      Duration page) {
    static final Patience DEFAULT =
        new Patience(
            6,
            Duration.ofSeconds(1),
            Duration.ofMinutes(5),
            Duration.ofSeconds(10),
            Duration.ofMinutes(1),
            Duration.ofMinutes(10));
  }
}
