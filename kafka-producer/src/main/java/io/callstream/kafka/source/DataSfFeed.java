package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.DataSfCalls;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One of DataSF's feeds of police calls, read over HTTP by its SODA API: records in the format of
 * {@link DataSfCalls}, each a row as compact JSON. Immutable; opening it again reads it again.
 *
 * <p>Rows come in the order of {@code cad_number}, which is about that of the calls' times, page by
 * page: each page begins with the call at which the one before it ended. A row is read once
 * therefore, however many change in the meantime, in the version that it has when its page is read.
 * Rows without a {@code cad_number} come last, in no order. They are no calls, and whoever reads
 * them rejects and counts them; as many as a page has are a failure.
 *
 * <p>The end is where a page brings nothing new: a server may give fewer rows at once than it is
 * asked for.
 *
 * <p>A page is held in memory until its records are taken; one that arrives damaged or not at all
 * leaves no record behind, and is asked for again. So it is when the server is overloaded (429),
 * fails (202, 408, 5xx) or can't be reached: up to six times, after the time that {@code
 * Retry-After} names or else after one second, two, four, eight and sixteen, shortened by chance by
 * up to a half. What another attempt would not mend, or a wait of more than five minutes, is a
 * failure at once. A connection has ten seconds to come about, and then may be silent for a minute;
 * a page has ten minutes, and 128 MiB. Redirections are not followed.
 *
 * <p>A reading that waits ends when its thread is interrupted.
 */
public final class DataSfFeed implements CallSource {
  /** The most rows that the server gives at once. */
  public static final int MAX_PAGE_SIZE = 50_000;

  /** How many rows are asked for at once unless {@link #withPageSize} says otherwise. */
  public static final int DEFAULT_PAGE_SIZE = 10_000;

  private static final int MIN_PAGE_SIZE = 2;
  private static final Duration MIN_INTERVAL = Duration.ofSeconds(1);

  /** The feed of open calls shows each of them for two days. */
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
   * Returns a feed by the id of its dataset: {@code gnap-fj3t}, the calls of the last 48 hours, or
   * {@code 2zdj-bwza}, all closed calls.
   *
   * @throws CallstreamException with {@link ErrorCode#INVALID_ARGUMENT} for any other
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
   * Returns the feed at another server of the same API, such as a mirror.
   *
   * @param server {@code http} or {@code https}, a host, perhaps a port and a path; no user, query
   *     or fragment
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
   * Returns the feed with an app token, which the server knows the caller by and gives a quota of
   * its own. It is sent in a header, over TLS or to this machine only, and never shown.
   */
  public DataSfFeed withToken(String token) {
    if (token.isEmpty() || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw invalid("An app token has letters, digits and signs, and no space or line break.");
    }
    return new DataSfFeed(dataset, server, token, pageSize, interval, patience, clock);
  }

  /**
   * Returns the feed read in pages of another size: memory for so many rows, of some 1.5 KB each,
   * is needed.
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
   * Returns the feed as a source without an end: once all rows were read, it looks again and again
   * for rows that are new or changed since, until the reading is interrupted. Each version of a row
   * that is met comes once. Versions are told by {@code call_last_updated_at}; rows are asked for
   * from 90 minutes before the latest that was seen, for the feed is not strictly in its order and
   * tells the time by clocks that are put back in autumn. A time more than an hour ahead of this
   * machine's clock is warned of once, and is not taken for the latest.
   *
   * <p>A look that fails for a reason that may pass, be it the first, is warned of, and made up for
   * by the next; that waits until the server wants to be asked again, but for a day at most.
   *
   * @param interval from the beginning of a look to that of the next; from one second to one day;
   *     the feed changes every ten minutes
   * @throws CallstreamException with {@link ErrorCode#INVALID_ARGUMENT} for the closed calls, which
   *     change once a day
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
    // 127.example.com is somebody's name.
    return host.equals("localhost")
        || host.equals("[::1]")
        || host.matches("127(\\.[0-9]{1,3}){3}");
  }

  private static CallstreamException invalid(String message) {
    return new CallstreamException(ErrorCode.INVALID_ARGUMENT, message);
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

  /** Returns what is read from where, without the token. */
  @Override
  public String toString() {
    return name() + " at " + server;
  }

  /**
   * How long a server is waited for.
   *
   * @param attempts how often a page is asked for
   * @param firstDelay before the second attempt; each further one takes twice as long
   * @param longestDelay the most that a server may ask for
   * @param connecting how long a connection may take
   * @param silence how long nothing may come
   * @param page how long a page may take
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
