package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
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
}
