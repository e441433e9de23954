package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.RejectionReason;
import io.callstream.kafka.InputCheck.Example;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Collects an {@link InputCheck}. Not thread-safe. */
final class InputChecker {
  private static final JsonFactory JSON = new JsonFactory();

  private long records;
  private long notCalls;
  private long withoutId;
  private long withoutTime;
  private long withoutType;
  private final List<Example> examples = new ArrayList<>();

  /**
   * A problem of a record.
   *
   * @param unreadable the fields among id, type and time that cannot be read
   * @param rejected why the record is not a call; null if it is a call without an id
   */
  record Problem(Set<Field<?>> unreadable, @Nullable Rejected rejected) {
    static final Problem NO_ID = new Problem(Set.of(Fields.ID), null);
  }

  /** Adds the next record with its problem, or null if it has none. */
  void add(@Nullable Problem problem) {
    long index = records++;
    if (problem != null) {
      add(index, problem);
    }
  }

  private void add(long index, Problem problem) {
    withoutId += problem.unreadable().contains(Fields.ID) ? 1 : 0;
    withoutTime += problem.unreadable().contains(Fields.TIME) ? 1 : 0;
    withoutType += problem.unreadable().contains(Fields.TYPE) ? 1 : 0;
    Rejected rejected = problem.rejected();
    if (rejected != null) {
      notCalls++;
      if (examples.size() < InputCheck.MAX_EXAMPLES
          && examples.stream().noneMatch(example -> isLike(example, rejected))) {
        examples.add(example(index, rejected));
      }
    }
  }

  private static boolean isLike(Example example, Rejected rejected) {
    return example.reason().equals(rejected.reason())
        && Objects.equals(example.field(), rejected.field());
  }

  InputCheck report(List<String> remarks) {
    return new InputCheck(notCalls, withoutId, withoutTime, withoutType, examples, remarks);
  }

  private static Example example(long index, Rejected rejected) {
    byte[] value = rejected.value();
    List<String> names = new ArrayList<>();
    String text = "";
    if (!rejected.reason().equals(RejectionReason.TOO_LARGE)) {
      try (JsonParser json = JSON.createParser(value)) {
        if (json.nextToken() == JsonToken.START_OBJECT) {
          while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            if (names.size() < Example.MAX_NAMES) {
              names.add(cut(name));
            }
            JsonToken token = json.nextToken();
            if (name.equals(rejected.field())) {
              text = token.isScalarValue() ? cut(json.getText()) : "";
            }
            json.skipChildren();
          }
        }
      } catch (IOException e) {
        // The example keeps the names before the failure.
      }
    }
    if (rejected.field() == null && names.isEmpty()) {
      text = startOf(value);
    }
    return new Example(index, rejected.reason(), rejected.field(), text, names);
  }

  private static String startOf(byte[] value) {
    String start = new String(value, 0, Math.min(value.length, 4 * Example.MAX_TEXT), UTF_8);
    int end = 0;
    while (end < start.length() && start.charAt(end) != '=' && start.charAt(end) != ':') {
      end++;
    }
    return cut(start.substring(0, end));
  }

  private static String cut(String text) {
    if (text.length() <= Example.MAX_TEXT) {
      return text;
    }
    boolean halvesPair = Character.isHighSurrogate(text.charAt(Example.MAX_TEXT - 1));
    return text.substring(0, Example.MAX_TEXT - (halvesPair ? 1 : 0));
  }
}
