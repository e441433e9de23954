package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Column;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;
import org.apache.spark.package$;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * A Parquet file with rows of one statistic, whose columns have the types that Spark would write.
 * It is created with its first row. Not thread-safe.
 */
final class ParquetFile implements AutoCloseable {
  /** The bytes that the writer collects. A task may write a file of each statistic. */
  private static final long ROW_GROUP_BYTES = 32 << 20;

  private static final int DECIMAL_BYTES = 16;
  private static final long MICROS = 1_000_000;
  private static final int NANOS_PER_MICRO = 1_000;

  private final Path path;
  private final Configuration hadoop;
  private final CompressionCodecName codec;
  private final List<Column> columns;
  private @Nullable ParquetWriter<ResultRow> writer;

  ParquetFile(Path path, Configuration hadoop, String codec, Statistic statistic) {
    this.path = path;
    this.hadoop = hadoop;
    this.codec = codec(codec);
    this.columns = statistic.typedColumns();
  }

  /** Returns the name of the compression that Spark uses for Parquet files. */
  static String codecOf(SparkSession session) {
    return session.conf().get("spark.sql.parquet.compression.codec", "snappy");
  }

  private static CompressionCodecName codec(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "none" -> CompressionCodecName.UNCOMPRESSED;
      case "lz4raw" -> CompressionCodecName.LZ4_RAW;
      default -> CompressionCodecName.valueOf(name.toUpperCase(Locale.ROOT));
    };
  }

  /** Adds rows, unless the thread is interrupted. */
  void write(Results results) throws IOException {
    for (Iterator<ResultRow> rows = results.iterator(); rows.hasNext(); ) {
      ParquetWriter<ResultRow> open = writer;
      if (open == null) {
        open = new Builder().build();
        writer = open;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted while writing " + path);
      }
      open.write(rows.next());
    }
  }

  Path path() {
    return path;
  }

  /** Returns whether the file exists, because it has rows. */
  boolean exists() {
    return writer != null;
  }

  /** Completes the file. */
  @Override
  public void close() throws IOException {
    if (writer != null) {
      writer.close();
    }
  }

  private MessageType schema() {
    List<Type> fields = columns.stream().map(ParquetFile::field).toList();
    return new MessageType("spark_schema", fields);
  }

  private static Type field(Column column) {
    return (switch (column.type()) {
          case TIME ->
              Types.optional(PrimitiveTypeName.INT64)
                  .as(LogicalTypeAnnotation.timestampType(true, TimeUnit.MICROS));
          case TEXT ->
              Types.optional(PrimitiveTypeName.BINARY).as(LogicalTypeAnnotation.stringType());
          case LONG -> Types.optional(PrimitiveTypeName.INT64);
          case DOUBLE -> Types.optional(PrimitiveTypeName.DOUBLE);
          case DECIMAL ->
              Types.optional(PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY)
                  .length(DECIMAL_BYTES)
                  .as(LogicalTypeAnnotation.decimalType(column.scale(), Measure.MAX_PRECISION));
        })
        .named(column.name());
  }

  private final class Builder extends ParquetWriter.Builder<ResultRow, Builder> {
    Builder() throws IOException {
      this(HadoopOutputFile.fromPath(path, hadoop));
    }

    private Builder(OutputFile file) {
      super(file);
      withConf(hadoop);
      withCompressionCodec(codec);
      withRowGroupSize(ROW_GROUP_BYTES);
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<ResultRow> getWriteSupport(Configuration ignored) {
      return new Rows();
    }
  }

  private final class Rows extends WriteSupport<ResultRow> {
    private @Nullable RecordConsumer out;

    @Override
    public WriteContext init(Configuration ignored) {
      // By this key, Spark recognizes that times before 1900 need no correction of the calendar.
      return new WriteContext(
          schema(), Map.of("org.apache.spark.version", package$.MODULE$.SPARK_VERSION_SHORT()));
    }

    @Override
    public void prepareForWrite(RecordConsumer consumer) {
      out = consumer;
    }

    @Override
    public void write(ResultRow row) {
      RecordConsumer to = Objects.requireNonNull(out);
      List<@Nullable Object> values = row.columns();
      to.startMessage();
      for (int i = 0; i < values.size(); i++) {
        Object value = values.get(i);
        if (value != null) {
          String name = columns.get(i).name();
          to.startField(name, i);
          write(to, value);
          to.endField(name, i);
        }
      }
      to.endMessage();
    }

    private void write(RecordConsumer to, Object value) {
      if (value instanceof Instant time) {
        to.addLong(
            Math.addExact(
                Math.multiplyExact(time.getEpochSecond(), MICROS),
                time.getNano() / NANOS_PER_MICRO));
      } else if (value instanceof String text) {
        to.addBinary(Binary.fromConstantByteArray(text.getBytes(UTF_8)));
      } else if (value instanceof Long number) {
        to.addLong(number);
      } else if (value instanceof BigDecimal number) {
        to.addBinary(Binary.fromConstantByteArray(decimal(number)));
      } else {
        to.addDouble((Double) value);
      }
    }

    /** Returns the unscaled value as a number of fixed length. */
    private byte[] decimal(BigDecimal number) {
      byte[] digits = number.unscaledValue().toByteArray();
      byte[] bytes = new byte[DECIMAL_BYTES];
      int free = DECIMAL_BYTES - digits.length;
      Arrays.fill(bytes, 0, free, (byte) (number.signum() < 0 ? -1 : 0));
      System.arraycopy(digits, 0, bytes, free, digits.length);
      return bytes;
    }
  }
}
