package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.ThrowingFormat;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReadAheadTest {
  /** Returns one record and then blocks as long as the test needs, ignoring interrupts. */
  private static final class Idle implements CallRecords {
    final CountDownLatch more = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    private boolean given;

    @Override
    public boolean hasNext() {
      while (given && more.getCount() > 0) {
        try {
          more.await();
        } catch (InterruptedException e) {
          // A read of the standard input ignores interrupts too.
        }
      }
      return !given;
    }

    @Override
    public byte[] next() {
      given = true;
      return "any".getBytes(UTF_8);
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  private final Idle idle = new Idle();
  private final ReadAhead ahead = ReadAhead.start(idle, SanFranciscoCalls.json(), Pace.max());

  @Test
  void aRecordOnWhichTheFormatThrowsHasNoKeyAndTheNextOneHas() throws Exception {
    String id = "{\"crime_id\": \"1\", \"original_crime_type_name\": \"415\",";
    String call = id + " \"call_date_time\": \"2018-10-02T09:11\"}";
    for (Pace pace : List.of(Pace.max(), Pace.eventTime(1))) {
      CallRecords records =
          CallSource.stream(
                  "lines", new ByteArrayInputStream(("throws\n" + call + "\n").getBytes(UTF_8)))
              .open();
      List<byte[]> keys = new ArrayList<>();
      try (ReadAhead read =
          ReadAhead.start(records, new ThrowingFormat(SanFranciscoCalls.json()), pace)) {
        for (List<ReadAhead.Read> taken = read.take(() -> false);
            !taken.isEmpty();
            taken = read.take(() -> false)) {
          taken.forEach(one -> keys.add(one.key()));
        }
      }
      assertThat(keys).hasSize(2);
      assertThat(keys.get(0)).isNull();
      assertThat(keys.get(1)).isEqualTo("1".getBytes(UTF_8));
    }
  }

  @Test
  void aKeyIsTheIdThatARecordNames() throws Exception {
    String array =
        """
        [{"crime_id": "1", "original_crime_type_name": "415", "call_date_time": "2018-10-02T09:11"},
         {"crime_id": "2", "crime_id": "3", "call_date_time": "never"},
         {"crime_id": "4\\u0035", "address": ""},
         {"crime_id": 6},
         {"crime_id": " 7"},
         {"crime_id": "  "},
         {"crime_id": ""},
         {"crime_id": null},
         {"crime_id": {"crime_id": "8"}},
         {"address": "9"},
         "crime_id",
         {"address": "1 Block Of A", "crime_id": "10"}]
        """;
    List<String> keys = new ArrayList<>();
    InputStream in = new ByteArrayInputStream(array.getBytes(UTF_8));
    try (ReadAhead records =
        ReadAhead.start(
            CallSource.stream("array", in).open(), SanFranciscoCalls.json(), Pace.max())) {
      for (List<ReadAhead.Read> taken = records.take(() -> false);
          !taken.isEmpty();
          taken = records.take(() -> false)) {
        taken.forEach(read -> keys.add(read.key() == null ? "" : new String(read.key(), UTF_8)));
      }
    }
    assertThat(keys).containsExactly("1", "3", "45", "6", " 7", "", "", "", "", "", "", "10");
  }

  @Test
  void aRecordOfAFormatWithoutIdsIsNoProblem() throws Exception {
    JsonFormat format =
        JsonFormat.builder("orders")
            .zone(ZoneOffset.UTC)
            .time("at")
            .number(Field.number("qty"), "qty")
            .build();
    String lines =
        "{\"at\":\"2024-05-01T10:00\",\"qty\":1}\n{\"at\":\"2024-05-01T10:00\",\"qty\":\"x\"}\n";
    CallSource source = CallSource.stream("lines", new ByteArrayInputStream(lines.getBytes(UTF_8)));
    List<ReadAhead.Read> all = new ArrayList<>();
    try (ReadAhead read = ReadAhead.start(source.open(), format, Pace.max())) {
      for (List<ReadAhead.Read> taken = read.take(() -> false);
          !taken.isEmpty();
          taken = read.take(() -> false)) {
        all.addAll(taken);
      }
    }
    assertThat(all.get(0).problem()).isNull();
    assertThat(all.get(1).problem().unreadable()).isEmpty();
    assertThat(all.get(1).problem().rejected()).hasToString("Rejected[unreadable-value qty]");
  }

  @Test
  void aSenderThatGivesUpNeedNotWaitForAnIdleSource() throws Exception {
    assertThat(ahead.take(() -> false)).hasSize(1);
    assertThat(ahead.take(() -> true)).isEmpty();

    idle.more.countDown();
    ahead.close();
    assertThat(idle.closed.getCount()).isZero();
  }

  @Test
  void aCloseInterruptsAReadThatTakesLonger() throws Exception {
    CountDownLatch interrupted = new CountDownLatch(1);
    CallRecords waiting =
        new CallRecords() {
          @Override
          public boolean hasNext() {
            try {
              new CountDownLatch(1).await();
            } catch (InterruptedException e) {
              interrupted.countDown();
            }
            return false;
          }

          @Override
          public byte[] next() {
            throw new NoSuchElementException("none");
          }

          @Override
          public void close() {}
        };
    ReadAhead.start(waiting, SanFranciscoCalls.json(), Pace.max()).close();

    assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aCloseLeavesAReadThatDoesNotReturnToItsThread() throws Exception {
    assertThat(ahead.take(() -> false)).hasSize(1);
    ahead.close();
    assertThat(idle.closed.getCount()).isEqualTo(1);

    idle.more.countDown();
    assertThat(idle.closed.await(30, TimeUnit.SECONDS)).isTrue();
  }
}
