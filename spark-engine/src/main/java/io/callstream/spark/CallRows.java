package io.callstream.spark;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.CallRecord.Header;
import io.callstream.call.Field;
import io.callstream.call.ParseResult;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.Position;
import io.callstream.call.RejectionReason;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Converts records to rows of parsed calls, for applications that process them further with Spark,
 * in batch or streaming queries.
 *
 * <p>Each record results in one row for each of its calls, or in one row of a rejection, so no
 * record is lost. In the row of a call, the columns {@code rejection} and {@code rejected_field}
 * are null. In the row of a rejected record, all columns of the call are null.
 */
public final class CallRows {
  private CallRows() {}

  private static StructType schema(List<Field<?>> fields) {
    StructType schema =
        new StructType()
            .add("partition", DataTypes.IntegerType, false)
            .add("offset", DataTypes.LongType, false)
            .add("rejection", DataTypes.StringType)
            .add("rejected_field", DataTypes.StringType)
            .add("time", DataTypes.TimestampType)
            .add("ambiguous_time", DataTypes.BooleanType);
    for (Field<?> field : fields) {
      if (List.of(schema.fieldNames()).contains(field.name())) {
        throw new IllegalArgumentException(
            "The field '%s' has the name of another column of the rows; rename the field"
                .formatted(field));
      }
      schema = schema.add(field.name(), type(field));
    }
    return schema;
  }

  private static DataType type(Field<?> field) {
    return switch (field.type()) {
      case TEXT -> DataTypes.StringType;
      case NUMBER -> DataTypes.LongType;
      case DECIMAL -> DataTypes.createDecimalType(19, field.scale());
      case REAL -> DataTypes.DoubleType;
      case FLAG -> DataTypes.BooleanType;
      case TIME -> DataTypes.TimestampType;
      case POSITION ->
          new StructType()
              .add("latitude", DataTypes.DoubleType, false)
              .add("longitude", DataTypes.DoubleType, false);
    };
  }

  /**
   * Returns one row for each call, and one for each rejected record.
   *
   * @param records rows with the columns {@code value}, {@code partition} and {@code offset}, and
   *     optionally {@code topic}, {@code timestamp}, {@code key} and {@code headers}, as Spark's
   *     Kafka source returns them. A format does not see what has no column. That source also reads
   *     records of aborted transactions, unless you set its option {@code
   *     kafka.isolation.level=read_committed}. callstream's own readers read committed records
   *     only.
   * @return the columns partition, offset, rejection (the code of the reason), rejected_field,
   *     time, ambiguous_time, and one column for each other field of the format, in the order of
   *     their names
   */
  public static Dataset<Row> of(Dataset<Row> records, CallFormat format) {
    List<Field<?>> fields = format.fields().stream().sorted().toList();
    return records
        .select(
            col("value"),
            col("partition"),
            expr("cast(`offset` as bigint)"),
            optional(records, "topic", "string"),
            optional(records, "timestamp", "timestamp"),
            optional(records, "key", "binary"),
            optional(records, "headers", "array<struct<key:string,value:binary>>"))
        .mapPartitions(
            (MapPartitionsFunction<Row, Row>) rows -> new ParsedRows(rows, format, fields),
            Encoders.row(schema(fields)));
  }

  private static Column optional(Dataset<Row> records, String name, String type) {
    return List.of(records.columns()).contains(name) ? col(name) : lit(null).cast(type);
  }

  private static CallRecord record(Row row) {
    Timestamp timestamp = row.getAs(4);
    List<Row> headers = row.isNullAt(6) ? List.of() : row.getList(6);
    return new CallRecord(
        row.isNullAt(3) ? "" : row.getString(3),
        row.getInt(1),
        row.getLong(2),
        timestamp == null ? CallRecord.NO_TIMESTAMP : timestamp.getTime(),
        row.getAs(5),
        () -> headers.stream().map(h -> new Header(h.getString(0), h.getAs(1))).toList(),
        row.getAs(0));
  }

  private static final class ParsedRows implements Iterator<Row> {
    private final Iterator<Row> records;
    private final CallFormat format;
    private final List<Field<?>> fields;
    private final Deque<Row> others = new ArrayDeque<>();
    private CallParser parser;

    ParsedRows(Iterator<Row> records, CallFormat format, List<Field<?>> fields) {
      this.records = records;
      this.format = format;
      this.fields = fields;
      this.parser = newParser();
    }

    @Override
    public boolean hasNext() {
      return !others.isEmpty() || records.hasNext();
    }

    @Override
    public Row next() {
      if (!others.isEmpty()) {
        return others.remove();
      }
      CallRecord record = record(records.next());
      ParseResult result = ParseResult.of(parser, record);
      if (result instanceof Parsed parsed) {
        parsed.others().forEach(call -> others.add(row(record, call)));
        return row(record, parsed.call());
      }
      Rejected rejected = (Rejected) result;
      if (rejected.reason().equals(RejectionReason.FORMAT_FAILED)) {
        parser = newParser();
      }
      @Nullable Object[] columns = columns(record);
      columns[2] = rejected.reason().code();
      columns[3] = rejected.field();
      return RowFactory.create(columns);
    }

    private @Nullable Object[] columns(CallRecord record) {
      @Nullable Object[] columns = new @Nullable Object[6 + fields.size()];
      columns[0] = record.partition();
      columns[1] = record.offset();
      return columns;
    }

    private CallParser newParser() {
      return format.parser(Set.copyOf(fields));
    }

    private Row row(CallRecord record, Call call) {
      @Nullable Object[] columns = columns(record);
      columns[4] = Timestamp.from(call.time());
      columns[5] = call.ambiguousTime();
      for (int i = 0; i < fields.size(); i++) {
        columns[6 + i] = column(call.get(fields.get(i)));
      }
      return RowFactory.create(columns);
    }

    private static @Nullable Object column(@Nullable Object value) {
      if (value instanceof Position position) {
        return RowFactory.create(position.latitude(), position.longitude());
      }
      return value instanceof Instant time ? Timestamp.from(time) : value;
    }
  }
}
