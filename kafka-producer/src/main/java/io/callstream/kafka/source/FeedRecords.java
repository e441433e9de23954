package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.kafka.source.SodaClient.AnswerException;
import java.io.IOException;
import java.io.UncheckedIOException;
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
 * A pass reads all rows that meet a condition, in the order of their key: each page from the key on at
 * which the one before it ended, without the rows that have come already. The key of a row never
 * changes. So whatever changes while the pass is under way, a row keeps its place, and is neither
 * skipped nor met twice, as it would be by an offset, or by the time of its last change. Should several
 * rows have one key, they stand together in the order of the server's row ids, and all come.
 *
 * A pass after the first asks only for rows changed since some time. A row that changes in such a pass
 * behind its back has a later time then, and the next pass meets it.
 */
final class FeedRecords implements CallRecords {
  private static final Logger LOG = LoggerFactory.getLogger(FeedRecords.class);
  private static final String KEY = "cad_number";
  private static final String ORDER = KEY + ",:id";
  private static final String CHANGED = "call_last_updated_at";

  /** Half an hour for changes that arrive late, an hour for clocks that are put back. */
  private static final Duration OVERLAP = Duration.ofMinutes(90);

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(CompactJson.MAX_DEPTH)
                  .maxNumberLength(CompactJson.MAX_BYTES)
                  .maxStringLength(CompactJson.MAX_BYTES)
                  .build())
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .build();

  private final SodaClient client;
  private final int pageSize;
  private final Optional<Duration> interval;
  private final Deque<Row> page = new ArrayDeque<>();
  private @Nullable Row current;
  private long count;
  private boolean ended;
  private @Nullable CallstreamException failure;

  /** The key at which the last page of this pass ended, and how many rows of it have come. */
  private @Nullable String lastKey;

  private int rowsOfLastKey;

  /** What the pass before this one saw, and what this one has: times of change by key. */
  private Map<String, String> before = new HashMap<>();

  private Map<String, String> seen = new HashMap<>();
  private @Nullable LocalDateTime latestChange;
  private @Nullable LocalDateTime since;
  private long passNanos = System.nanoTime();
  private boolean passEnded;

  /** A row with its key and when it was changed; the empty text if it does not tell. */
  private record Row(byte[] value, String key, String changed) {}

  FeedRecords(SodaClient client, int pageSize, Optional<Duration> interval) {
    this.client = client;
    this.pageSize = pageSize;
    this.interval = interval;
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
    current = page.remove();
    count++;
    return current.value();
  }

  @Override
  public byte @Nullable [] field(String name) {
    return current == null || !name.equals(KEY) ? null : current.key().getBytes(UTF_8);
  }

  @Override
  public void close() {
    ended = true;
    page.clear();
  }

  // ---- a pass

  private void readPage() throws AnswerException, InterruptedException {
    if (passEnded) {
      awaitNextPass();
    }
    List<Row> rows;
    try {
      rows = rows(client.rows(where(), ORDER, pageSize));
    } catch (AnswerException e) {
      if (interval.isEmpty() || since == null || !e.isPassing()) {
        throw e;
      }
      LOG.warn("{}: {}. The next look makes up for this one.", client.source(), e.getMessage());
      before.putAll(seen);
      passEnded = true;
      return;
    }
    int known = 0;
    while (known < rows.size() && known < rowsOfLastKey && rows.get(known).key().equals(lastKey)) {
      known++;
    }
    rows.subList(known, rows.size()).forEach(this::take);
    if (rows.size() == pageSize) {
      goOnBehind(rows);
    } else if (interval.isEmpty()) {
      ended = true;
    } else {
      passEnded = true;
      before = seen;
      since = latestChange;
    }
  }

  private String where() {
    String changed =
        since == null
            ? ""
            : CHANGED + " >= " + literal(TIME.format(since.minus(OVERLAP))) + " AND ";
    return changed + KEY + (lastKey == null ? " IS NOT NULL" : " >= " + literal(lastKey));
  }

  private static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  private void take(Row row) {
    if (interval.isEmpty()) {
      page.add(row);
      return;
    }
    seen.put(row.key(), row.changed());
    if (row.changed().isEmpty() || !row.changed().equals(before.get(row.key()))) {
      page.add(row);
    }
    try {
      LocalDateTime changed = LocalDateTime.parse(row.changed());
      latestChange = latestChange == null || changed.isAfter(latestChange) ? changed : latestChange;
    } catch (DateTimeException e) {
      // Only a pass over all rows meets it.
    }
  }

  private void goOnBehind(List<Row> rows) throws AnswerException {
    String key = rows.get(rows.size() - 1).key();
    if (key.equals(lastKey)) {
      throw AnswerException.lasting(
          "a page of " + pageSize + " rows has a single " + KEY, "Ask for larger pages.");
    }
    lastKey = key;
    rowsOfLastKey = (int) rows.stream().filter(row -> row.key().equals(key)).count();
  }

  private void awaitNextPass() throws InterruptedException {
    long left = passNanos + interval.orElseThrow().toNanos() - System.nanoTime();
    TimeUnit.NANOSECONDS.sleep(Math.max(0, left));
    passNanos = System.nanoTime();
    passEnded = false;
    seen = new HashMap<>();
    lastKey = null;
    rowsOfLastKey = 0;
  }

  // ---- rows

  /** Finds the keys of rows, which must stand in the order that was asked for. */
  private List<Row> rows(List<byte[]> values) throws AnswerException {
    List<Row> rows = new ArrayList<>(values.size());
    String last = lastKey == null ? "" : lastKey;
    for (byte[] value : values) {
      Row row = row(value);
      if (row.key().isEmpty() || row.key().compareTo(last) < 0) {
        throw AnswerException.lasting(
            "the rows that were answered lack a " + KEY + ", or are not in its order",
            "The server must know $limit, $order and $where of the SODA API.");
      }
      rows.add(row);
      last = row.key();
    }
    return rows;
  }

  private static Row row(byte[] value) {
    String key = "";
    String changed = "";
    try (JsonParser json = JSON.createParser(value)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        boolean isText = json.nextToken() == JsonToken.VALUE_STRING;
        if (name.equals(KEY)) {
          key = isText ? json.getText() : "";
        } else if (name.equals(CHANGED)) {
          changed = isText ? json.getText() : "";
        }
        json.skipChildren();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("it was read as JSON before", e);
    }
    return new Row(value, key, changed);
  }
}
