package io.callstream.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.ParseResult;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.RejectionReason;
import java.sql.Timestamp;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Converts records to rows of parsed calls, for applications that process them further with Spark,
 * in batch or streaming queries.
 *
 * <p>Each record results in exactly one row, so no record is lost. In the row of a call, the
 * columns {@code rejection} and {@code rejected_field} are null. In the row of a rejected record,
 * all columns of the call are null.
 */
public final class CallRows {
  private static final List<CallField> TEXTS =
      Arrays.stream(CallField.values())
          .filter(field -> field != CallField.TIME && !field.holdsTime())
          .toList();
  private static final List<CallField> TIMES =
      Arrays.stream(CallField.values()).filter(CallField::holdsTime).toList();
  private static final StructType SCHEMA = schema();
  private static final byte[] NOTHING = {};

  private CallRows() {}

  private static StructType schema() {
    StructType schema =
        new StructType()
            .add("partition", DataTypes.IntegerType, false)
            .add("offset", DataTypes.LongType, false)
            .add("rejection", DataTypes.StringType)
            .add("rejected_field", DataTypes.StringType)
            .add("time", DataTypes.TimestampType)
            .add("ambiguous_time", DataTypes.BooleanType);
    for (CallField field : TEXTS) {
      schema = schema.add(column(field), DataTypes.StringType);
    }
    for (CallField field : TIMES) {
      schema = schema.add(column(field), DataTypes.TimestampType);
    }
    return schema;
  }

  private static String column(CallField field) {
    return field.name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns one row for each record.
   *
   * @param records rows with the columns {@code value}, {@code partition} and {@code offset}, as
   *     Spark's Kafka source returns them. That source also reads records of aborted transactions,
   *     unless you set its option {@code kafka.isolation.level=read_committed}. callstream's own
   *     readers read committed records only.
   * @return the columns partition, offset, rejection (the code of the reason), rejected_field,
   *     time, ambiguous_time, and one column for each other field of a call, named after the field
   *     in lower case. Text fields that the format does not have are empty.
   */
  public static Dataset<Row> of(Dataset<Row> records, CallFormat format) {
    return records
        .select(col("value"), col("partition"), expr("cast(`offset` as bigint)"))
        .mapPartitions(
            (MapPartitionsFunction<Row, Row>) rows -> new ParsedRows(rows, format),
            Encoders.row(SCHEMA));
  }

  private static final class ParsedRows implements Iterator<Row> {
    private static final Set<CallField> ALL = EnumSet.allOf(CallField.class);

    private final Iterator<Row> records;
    private final CallFormat format;
    private CallParser parser;

    ParsedRows(Iterator<Row> records, CallFormat format) {
      this.records = records;
      this.format = format;
      this.parser = format.parser(ALL);
    }

    @Override
    public boolean hasNext() {
      return records.hasNext();
    }

    @Override
    public Row next() {
      Row record = records.next();
      @Nullable Object[] columns = new @Nullable Object[SCHEMA.size()];
      columns[0] = record.getInt(1);
      columns[1] = record.getLong(2);
      byte[] value = record.isNullAt(0) ? NOTHING : record.getAs(0);
      ParseResult result = ParseResult.of(parser, value);
      if (result instanceof Rejected rejected) {
        columns[2] = rejected.reason().code();
        columns[3] = rejected.field();
        if (rejected.reason() == RejectionReason.FORMAT_FAILED) {
          parser = format.parser(ALL);
        }
      } else if (result instanceof Parsed parsed) {
        fill(columns, parsed.call());
      }
      return RowFactory.create(columns);
    }

    private static void fill(@Nullable Object[] columns, Call call) {
      columns[4] = Timestamp.from(call.time());
      columns[5] = call.ambiguousTime();
      int column = 6;
      for (CallField field : TEXTS) {
        columns[column++] = call.text(field);
      }
      for (CallField field : TIMES) {
        columns[column++] = call.time(field).map(Timestamp::from).orElse(null);
      }
    }
  }
}
