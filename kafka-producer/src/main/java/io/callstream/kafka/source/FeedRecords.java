package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.kafka.source.SodaClient.AnswerException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/*
 * A pass reads all rows that meet a condition, in the order of their key. Each page starts at the key
 * at which the previous page ended, and rows that were returned before are skipped. The key of a row
 * never changes. Therefore a row keeps its position even if data changes during the pass, and is
 * neither skipped nor returned twice, as could happen with an offset or with the time of the last
 * change. If several rows have the same key, they are in the order of the server's row ids, and all
 * are returned. A pass ends at a page without new rows, not at a short page, because a server may
 * return fewer rows than were requested. Rows without a key cannot be parsed as calls. They are
 * returned at the end of a pass, in a separate page, so that a pipeline rejects and counts them.
 *
 * A pass after the first requests only rows that changed after some time. If a row changes during such
 * a pass, after its page was read, it gets a later time, and the next pass returns it.
 */
final class FeedRecords implements CallRecords {
  private static final Logger LOG = LoggerFactory.getLogger(FeedRecords.class);
  private static final String KEY = "cad_number";
  private static final String ORDER = KEY + ",:id";
  private static final String ID = "id";
  private static final String CHANGED = "call_last_updated_at";

  /** Half an hour for changes that arrive late, and an hour for clocks that are set back. */
  private static final Duration OVERLAP = Duration.ofMinutes(90);

  /**
   * How far a change may be ahead of this machine's clock: an hour, for when clocks are set back.
   */
  private static final Duration SKEW = Duration.ofHours(1);

  /** The maximum wait before the next pass, even if the server requests a longer one. */
  private static final Duration LONGEST_REST = Duration.ofDays(1);

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");

  private final SodaClient client;
  private final int pageSize;
  private final Optional<Duration> interval;
  private final Clock clock;
  private final Deque<Row> page = new ArrayDeque<>();
  private long count;
  private boolean ended;
  private @Nullable CallstreamException failure;

  /**
   * The key at which the last page of this pass ended. The next field counts the rows with this key
   * that were returned.
   */
  private @Nullable String lastKey;

  private int rowsOfLastKey;

  /** The times of change by key in the previous pass. {@link #seen} has those of this pass. */
  private Map<String, String> before = new HashMap<>();

  private Map<String, String> seen = new HashMap<>();
  private @Nullable LocalDateTime latestChange;
  private @Nullable LocalDateTime since;
  private boolean warnedOfFuture;
  private long nextPassNanos;
  private boolean passEnded;

  /**
   * A row with its key, its id and the time of its last change. Missing values are empty strings.
   */
  private record Row(byte[] value, String key, String id, String changed) {
    /** Returns the identity that all versions of the row share. */
    String identity() {
      return key.isEmpty() ? ID + " " + id : key;
    }
  }

  /**
   * Opens a feed.
   *
   * @param clock a clock in the time zone of the feed
   */
  FeedRecords(SodaClient client, int pageSize, Optional<Duration> interval, Clock clock) {
    this.client = client;
    this.pageSize = pageSize;
    this.interval = interval;
    this.clock = clock;
    nextPassNanos = System.nanoTime() + interval.orElse(Duration.ZERO).toNanos();
  }

  @Override
  public boolean hasNext() {
    if (failure != null) {
      throw failure;
    }
    try {
      while (page.isEmpty() && !ended) {
        readPage();
      }
    } catch (AnswerException e) {
      throw failed(e.asFailure(client.source(), count));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(
          new CallstreamException(
              ErrorCode.INPUT_FAILED,
              "The reading of " + client.source() + " was interrupted after " + count + " records.",
              e));
    }
    return !page.isEmpty();
  }

  private CallstreamException failed(CallstreamException e) {
    failure = e;
    return e;
  }

  @Override
  public byte[] next() {
    if (!hasNext()) {
      throw new NoSuchElementException("no record is left of " + client.source());
    }
    count++;
    return page.remove().value();
  }

  @Override
  public void close() {
    ended = true;
    page.clear();
  }

  private void readPage() throws AnswerException, InterruptedException {
    if (passEnded) {
      awaitNextPass();
    }
    try {
      List<Row> rows = rowsWithKey();
      int known = 0;
      while (known < rows.size()
          && known < rowsOfLastKey
          && rows.get(known).key().equals(lastKey)) {
        known++;
      }
      rows.subList(known, rows.size()).forEach(this::take);
      if (rows.size() == pageSize || known < rows.size()) {
        goOnBehind(rows);
      } else {
        rowsWithoutKey().forEach(this::take);
        endPass();
      }
    } catch (AnswerException e) {
      if (interval.isEmpty() || !e.passing) {
        throw e;
      }
      before.putAll(seen);
      passEnded = true;
      rest(e);
    }
  }

  private void endPass() {
    if (interval.isEmpty()) {
      ended = true;
      return;
    }
    passEnded = true;
    before = seen;
    since = latestChange;
  }

  /** Delays the next pass by the time that the server requests. */
  private void rest(AnswerException e) {
    Duration asked = e.delay == null ? Duration.ZERO : e.delay;
    Duration rest = asked.compareTo(LONGEST_REST) < 0 ? asked : LONGEST_REST;
    long now = System.nanoTime();
    nextPassNanos = now + Math.max(rest.toNanos(), nextPassNanos - now);
    LOG.warn(
        "{}: {}. The next look, in {} s, makes up for this one.",
        client.source(),
        e.getMessage(),
        Math.max(0, TimeUnit.NANOSECONDS.toSeconds(nextPassNanos - now)));
  }

  private String where(String condition) {
    return since == null
        ? condition
        : CHANGED + " >= " + literal(TIME.format(since.minus(OVERLAP))) + " AND " + condition;
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private void take(Row row) {
    if (interval.isEmpty()) {
      page.add(row);
      return;
    }
    seen.put(row.identity(), row.changed());
    if (!row.changed().equals(before.get(row.identity()))) {
      page.add(row);
    }
    try {
      changedAt(LocalDateTime.parse(row.changed()));
    } catch (DateTimeException e) {
      // Only a pass over all rows returns this row.
    }
  }

  /**
   * Records the time of a change, unless the time is so late that later passes would find nothing.
   */
  private void changedAt(LocalDateTime time) {
    if (time.isAfter(LocalDateTime.now(clock).plus(SKEW))) {
      if (!warnedOfFuture) {
        LOG.warn(
            "{}: a row has the {} {}, which is yet to come here; such times are not gone by.",
            client.source(),
            CHANGED,
            time);
      }
      warnedOfFuture = true;
    } else if (latestChange == null || time.isAfter(latestChange)) {
      latestChange = time;
    }
  }

  private void goOnBehind(List<Row> rows) throws AnswerException {
    String key = rows.get(rows.size() - 1).key();
    if (rows.size() == pageSize && key.equals(lastKey)) {
      throw AnswerException.lasting(
          "a page of " + pageSize + " rows has a single " + KEY, "Ask for larger pages.");
    }
    lastKey = key;
    rowsOfLastKey = (int) rows.stream().filter(row -> row.key().equals(key)).count();
  }

  private void awaitNextPass() throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(Math.max(0, nextPassNanos - System.nanoTime()));
    nextPassNanos = System.nanoTime() + interval.orElseThrow().toNanos();
    passEnded = false;
    seen = new HashMap<>();
    lastKey = null;
    rowsOfLastKey = 0;
  }

  /** Requests the next page of rows with a key and checks that they are in the requested order. */
  private List<Row> rowsWithKey() throws AnswerException, InterruptedException {
    String condition = KEY + (lastKey == null ? " IS NOT NULL" : " >= " + literal(lastKey));
    List<Row> rows = rows(condition, ORDER);
    String last = lastKey == null ? "" : lastKey;
    for (Row row : rows) {
      if (row.key().isEmpty() || row.key().compareTo(last) < 0) {
        throw notUnderstood("lack a " + KEY + ", or are not in its order");
      }
      last = row.key();
    }
    return rows;
  }

  private List<Row> rowsWithoutKey() throws AnswerException, InterruptedException {
    List<Row> rows = rows(KEY + " IS NULL", ":id");
    if (!rows.stream().allMatch(row -> row.key().isEmpty())) {
      throw notUnderstood("have a " + KEY + ", though those without were asked for");
    }
    if (rows.size() == pageSize) {
      throw AnswerException.lasting(
          pageSize + " rows or more have no " + KEY, "Ask for larger pages.");
    }
    if (!rows.isEmpty()) {
      LOG.warn(
          "{}: {} rows have no {}, and cannot be parsed as calls.",
          client.source(),
          rows.size(),
          KEY);
    }
    return rows;
  }

  private static AnswerException notUnderstood(String what) {
    return AnswerException.lasting(
        "the rows that were answered " + what,
        "The server must know $limit, $order and $where of the SODA API.");
  }

  private List<Row> rows(String condition, String order)
      throws AnswerException, InterruptedException {
    List<Row> rows = new ArrayList<>();
    for (byte[] value : client.rows(where(condition), order, pageSize)) {
      rows.add(row(value));
    }
    return rows;
  }

  /**
   * Returns the key of a row and the time of its last change, or the record if it lacks one of
   * them.
   */
  static byte[] version(byte[] value) {
    try {
      Row row = row(value);
      boolean isKnown = !row.changed().isEmpty() && !(row.key().isEmpty() && row.id().isEmpty());
      return isKnown ? (row.identity() + " " + row.changed()).getBytes(UTF_8) : value;
    } catch (UncheckedIOException e) {
      return value;
    }
  }

  private static Row row(byte[] value) {
    String key = "";
    String id = "";
    String changed = "";
    try (JsonParser json = JsonRecords.JSON.createParser(value)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        boolean isText = json.nextToken() == JsonToken.VALUE_STRING;
        if (name.equals(KEY)) {
          key = isText ? json.getText() : "";
        } else if (name.equals(ID)) {
          id = isText ? json.getText() : "";
        } else if (name.equals(CHANGED)) {
          changed = isText ? json.getText() : "";
        }
        json.skipChildren();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("it was read as JSON before", e);
    }
    return new Row(value, key, id, changed);
  }
}
