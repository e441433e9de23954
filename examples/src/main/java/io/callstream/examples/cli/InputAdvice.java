package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.CallFormat;
import io.callstream.call.Fields;
import io.callstream.call.RejectionReason;
import io.callstream.kafka.InputCheck;
import io.callstream.kafka.InputCheck.Example;
import io.callstream.kafka.SendReport;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reports what is wrong with the records of an input. It shows the first such record and the option
 * that may help.
 *
 * @param format the format with which the records were checked
 * @param sorted whether the records were sent in event-time order
 */
record InputAdvice(Terminal terminal, CallFormat format, boolean sorted) {
  /** Writes the advice for a report. Writes nothing if all records are calls. */
  void give(SendReport report) {
    InputCheck input = report.input();
    for (String remark : input.remarks()) {
      terminal.warn("input     %s", remark);
    }
    if (input.notCalls() == 0) {
      return;
    }
    terminal.warn(
        "not calls %,d of %s cannot be read as calls of the format %s%s",
        input.notCalls(), DisplayText.records(report.read()), format.name(), counts(input));
    for (Example example : input.examples().subList(0, Math.min(1, input.examples().size()))) {
      terminal.say("          the first is record %,d: %s", example.index() + 1, words(example));
      String option = option(example, report);
      if (option != null) {
        terminal.say("          try       %s", option);
      }
    }
  }

  private String counts(InputCheck input) {
    List<String> counts = new ArrayList<>();
    if (input.withoutId() > 0 && Fields.has(format, Fields.ID)) {
      counts.add(
          DisplayText.format(
              "%,d without an id%s",
              input.withoutId(), format.idField().map(name -> " (" + name + ")").orElse("")));
    }
    if (input.withoutTime() > 0) {
      counts.add(
          DisplayText.format(
              "%,d without a readable time (%s)", input.withoutTime(), format.timeField()));
    }
    if (input.withoutType() > 0 && Fields.has(format, Fields.TYPE)) {
      counts.add(DisplayText.format("%,d without a type", input.withoutType()));
    }
    return counts.isEmpty() ? "" : ": " + String.join(", ", counts);
  }

  private static String words(Example example) {
    StringBuilder words = new StringBuilder(example.reason().code());
    if (example.field() != null) {
      words.append(", ").append(harmless(example.field()));
    }
    if (!example.text().isEmpty()) {
      words
          .append(example.field() == null ? ", starts with \"" : " is \"")
          .append(harmless(example.text()))
          .append('"');
    } else if (!example.names().isEmpty()) {
      words.append("; its fields are ").append(harmless(String.join(", ", firstOf(example))));
    }
    return words.toString();
  }

  private static List<String> firstOf(Example example) {
    int shown = Math.min(4, example.names().size());
    List<String> names = new ArrayList<>(example.names().subList(0, shown));
    if (shown < example.names().size()) {
      names.add("…");
    }
    return names;
  }

  private static String harmless(String text) {
    return DisplayText.harmless(text.getBytes(UTF_8));
  }

  private @Nullable String option(Example example, SendReport report) {
    for (CallFormat other : CallFormat.all()) {
      if (!other.name().equals(format.name())
          && other.idField().filter(example.names()::contains).isPresent()) {
        return "--format " + other.name();
      }
    }
    String layout = layout(example, report.isWithoutCalls());
    if (layout != null) {
      return "--layout " + layout;
    }
    return sorted
            && example.reason().equals(RejectionReason.UNREADABLE_TIME)
            && !report.isWithoutCalls()
        ? "--order file, since event-time order keeps such a record after the one before it"
        : null;
  }

  /** Returns the file layout that the text of a record suggests, or null. */
  private static @Nullable String layout(Example example, boolean isLikeAll) {
    boolean isObject = !example.names().isEmpty();
    String start = (isObject ? example.names().get(0) : example.text()).strip();
    if (start.startsWith("{") && isObject) {
      return "ndjson";
    }
    if (example.reason().equals(RejectionReason.NOT_AN_OBJECT) || start.startsWith("[")) {
      return "json";
    }
    if (isObject) {
      return isLikeAll && example.reason().equals(RejectionReason.NOT_JSON) ? "json" : null;
    }
    return start.startsWith("{") || start.startsWith("\"")
        ? "json"
        : start.matches("(?s).*[,;\t|].*") ? "csv" : null;
  }
}
