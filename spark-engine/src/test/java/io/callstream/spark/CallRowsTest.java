package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class CallRowsTest {
  private static final StructType RECORDS =
      new StructType()
          .add("value", DataTypes.BinaryType)
          .add("partition", DataTypes.IntegerType)
          .add("offset", DataTypes.LongType);

  @Test
  void eachRecordIsOneRowOfACallOrOfARejection() {
    String call =
        "{\"crime_id\":\"1\",\"original_crime_type_name\":\"415\",\"disposition\":\"HAN\","
            + "\"call_date_time\":\"2018-12-31T23:57:00.000\"}";
    Dataset<Row> records =
        TestSession.get()
            .createDataFrame(
                List.of(
                    RowFactory.create(call.getBytes(UTF_8), 0, 7L),
                    RowFactory.create("[]".getBytes(UTF_8), 1, 8L),
                    RowFactory.create(null, 1, 9L)),
                RECORDS);

    List<Row> rows =
        CallRows.of(records, SanFranciscoCalls.json()).orderBy("offset").collectAsList();

    Row first = rows.get(0);
    assertThat(first.<String>getAs("rejection")).isNull();
    assertThat(first.<Timestamp>getAs("time").toInstant())
        .isEqualTo(Instant.parse("2019-01-01T07:57:00Z"));
    assertThat(first.<String>getAs("type")).isEqualTo("415");
    assertThat(first.<String>getAs("disposition")).isEqualTo("HAN");
    assertThat(first.<String>getAs("address")).isEmpty();
    assertThat(rows.get(1).<String>getAs("rejection")).isEqualTo("not-an-object");
    assertThat(rows.get(1).<String>getAs("type")).isNull();
    assertThat(rows.get(2).<String>getAs("rejection")).isEqualTo("empty");
    assertThat(rows.get(2).<Integer>getAs("partition")).isEqualTo(1);
  }

  /**
   * A format with one call per letter of the value, whose type is the key and whose id a header.
   */
  private static final class Letters implements CallFormat {
    @Override
    public String name() {
      return "letters";
    }

    @Override
    public ZoneId zone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Set<Field<?>> fields() {
      return Set.of(Fields.ID, Fields.TYPE, Fields.ADDRESS);
    }

    @Override
    public String timeField() {
      return "timestamp";
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return record ->
          ParseResult.Parsed.of(
              new String(record.value(), UTF_8)
                  .chars()
                  .mapToObj(
                      letter ->
                          Call.builder(record.timestamp().orElseThrow())
                              .with(Fields.ID, new String(record.header("id"), UTF_8))
                              .with(Fields.TYPE, new String(record.key(), UTF_8))
                              .with(Fields.ADDRESS, Character.toString(letter))
                              .build())
                  .toList());
    }

    @Override
    public byte[] write(Call call) {
      return new byte[0];
    }
  }

  @Test
  void aFormatSeesTheKeyTheTimestampAndTheHeadersAndEachOfItsCallsIsARow() {
    StructType header =
        new StructType().add("key", DataTypes.StringType).add("value", DataTypes.BinaryType);
    StructType whole =
        RECORDS
            .add("topic", DataTypes.StringType)
            .add("timestamp", DataTypes.TimestampType)
            .add("key", DataTypes.BinaryType)
            .add("headers", DataTypes.createArrayType(header));
    Instant noon = Instant.parse("2024-05-01T12:00:00Z");
    Row record =
        RowFactory.create(
            "ab".getBytes(UTF_8),
            0,
            7L,
            "calls",
            Timestamp.from(noon),
            "FIRE".getBytes(UTF_8),
            List.of(RowFactory.create("id", "17".getBytes(UTF_8))));

    List<Row> rows =
        CallRows.of(TestSession.get().createDataFrame(List.of(record), whole), new Letters())
            .orderBy("address")
            .collectAsList();

    assertThat(rows).extracting(row -> row.<String>getAs("address")).containsExactly("a", "b");
    assertThat(rows)
        .allSatisfy(
            row -> {
              assertThat(row.<Long>getAs("offset")).isEqualTo(7);
              assertThat(row.<Timestamp>getAs("time").toInstant()).isEqualTo(noon);
              assertThat(row.<String>getAs("type")).isEqualTo("FIRE");
              assertThat(row.<String>getAs("id")).isEqualTo("17");
            });
  }
}
