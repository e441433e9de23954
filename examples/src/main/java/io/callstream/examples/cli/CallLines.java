package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.RejectionReason;
import io.callstream.internal.sink.TextTables;
import io.callstream.pipeline.Pipeline;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Formats the records of a topic as lines for people. A line shows a call, or why a record is not a
 * call. No line contains characters that can harm a terminal. Not thread-safe.
 */
final class CallLines {
  private static final String GAP = "  ";

  /** The minimum width for lines with ids and complete dispositions. */
  private static final int WIDE = 110;

  private static final int TIME = 16;
  private static final int TYPE = 20;
  private static final int DISPOSITION = 12;
  private static final int SHORT_DISPOSITION = 7;
  private static final int MIN_ADDRESS = 8;
  private static final int MAX_ADDRESS = 46;
  private static final int ID = 9;
  private static final List<Field<?>> USUAL =
      List.of(Fields.TYPE, Fields.DISPOSITION, Fields.ADDRESS);
  private static final int PLACE = 10;

  private final CallFormat format;
  private final List<Field<?>> shown;
  private final Set<Field<?>> fields;
  private CallParser parser;
  private final int width;
  private final DateTimeFormatter exact;
  private final DateTimeFormatter minutes;

  /**
   * Creates a formatter.
   *
   * @param width the number of columns of the terminal, or {@link Terminal#NO_COLUMNS} for lines
   *     with complete values, separated by tabs
   */
  CallLines(CallFormat format, int width) {
    this.format = format;
    this.width = width;
    shown = shown(format);
    fields = new HashSet<>(shown);
    fields.add(Fields.ID);
    parser = format.parser(fields);
    exact = DateTimeFormatter.ISO_OFFSET_DATE_TIME.withZone(format.zone());
    minutes = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT).withZone(format.zone());
  }

  /** Returns the usual fields. Other fields of the format replace those that it does not have. */
  private static List<Field<?>> shown(CallFormat format) {
    Set<Field<?>> all = format.fields();
    if (all.containsAll(Fields.ALL)) {
      return USUAL;
    }
    List<Field<?>> others = new ArrayList<>(all);
    others.removeAll(USUAL);
    others.remove(Fields.ID);
    others.removeIf(field -> field.type() == Field.Type.TIME);
    List<Field<?>> shown = new ArrayList<>();
    for (Field<?> usual : USUAL) {
      shown.add(all.contains(usual) || others.isEmpty() ? usual : others.remove(0));
    }
    return shown;
  }

  private String text(Call call, int column) {
    Object value = call.get(shown.get(column));
    return value == null ? "" : value.toString();
  }

  /** Returns the lines of a record: one for each call, or one for a rejected record. */
  List<String> of(CallRecord row) {
    String place = row.partition() + "@" + row.offset();
    byte[] value = row.hasValue() ? row.value() : null;
    ParseResult result = ParseResult.of(parser, row);
    if (result instanceof Rejected rejected) {
      String field = rejected.field();
      if (rejected.reason().equals(RejectionReason.FORMAT_FAILED)) {
        parser = format.parser(fields);
      }
      return List.of(
          noCall(rejected.reason().code() + (field == null ? "" : " " + field), value, place));
    }
    Parsed parsed = (Parsed) result;
    List<Call> calls = new ArrayList<>(parsed.others());
    calls.add(0, parsed.call());
    if (calls.stream().anyMatch(call -> isOfTheFuture(call, row))) {
      return List.of(
          noCall(RejectionReason.FUTURE_TIME.code() + " " + format.timeField(), value, place));
    }
    return calls.stream()
        .map(call -> width == Terminal.NO_COLUMNS ? values(call, place) : columns(call, place))
        .toList();
  }

  /**
   * Returns whether a pipeline with the default future skew rejects the call. False for a record
   * without a timestamp.
   */
  private static boolean isOfTheFuture(Call call, CallRecord row) {
    return row.timestamp()
        .map(timestamp -> call.time().isAfter(timestamp.plus(Pipeline.DEFAULT_MAX_FUTURE_SKEW)))
        .orElse(false);
  }

  private String values(Call call, String place) {
    return String.join(
        "\t",
        exact.format(call.time()),
        harmless(text(call, 0)),
        harmless(text(call, 1)),
        harmless(text(call, 2)),
        harmless(call.id()),
        place);
  }

  private String columns(Call call, String place) {
    boolean wide = width >= WIDE;
    int disposition = wide ? DISPOSITION : SHORT_DISPOSITION;
    int others = TIME + TYPE + disposition + PLACE + (wide ? ID + GAP.length() : 0);
    int address = width - others - 4 * GAP.length();
    List<String> cells = new ArrayList<>();
    cells.add(minutes.format(call.time()));
    cells.add(TextTables.cell(text(call, 0), TYPE));
    cells.add(TextTables.cell(text(call, 1), disposition));
    cells.add(
        TextTables.cell(text(call, 2), Math.min(MAX_ADDRESS, Math.max(MIN_ADDRESS, address))));
    if (wide) {
      cells.add(TextTables.cell(call.id(), ID));
    }
    cells.add(place);
    return fitting(String.join(GAP, cells));
  }

  private String noCall(String reason, byte @Nullable [] value, String place) {
    if (width == Terminal.NO_COLUMNS) {
      return String.join("\t", "", "", "", "", "", place, reason, DisplayText.harmless(value));
    }
    // A character has at most four bytes.
    byte[] start = value == null ? null : Arrays.copyOf(value, Math.min(value.length, 4 * width));
    String text = "no call: " + reason + GAP + DisplayText.harmless(start);
    int room = Math.max(MIN_ADDRESS, width - TIME - PLACE - 2 * GAP.length());
    return fitting(" ".repeat(TIME) + GAP + TextTables.cell(text, room) + GAP + place);
  }

  private String fitting(String line) {
    return TextTables.cell(line, width).stripTrailing();
  }

  private static String harmless(String text) {
    return DisplayText.harmless(text.getBytes(UTF_8));
  }
}
