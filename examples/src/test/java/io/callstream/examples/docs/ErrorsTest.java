package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.ErrorCode;
import io.callstream.examples.docs.ThrownMessages.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Verifies that docs/errors.md has an entry for each message in the code, and no other entries. */
class ErrorsTest {
  /** The messages, then a sentence with their cause and at least one sentence with the fix. */
  private static final Pattern ENTRY =
      Pattern.compile("- ((?:`[^`]+`(?:, )?)+): \\S.*?\\. \\S.*\\.");

  private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
  private static final String ARGUMENTS = "IllegalArgumentException";

  /** Sections that do not describe an error code, and their contents. */
  private static final Map<String, String> SECTIONS =
      Map.of("Rejected arguments", ARGUMENTS, "Warnings in the log", ThrownMessages.WARNING);

  /** Messages that are caught where they are thrown, so no user sees them. */
  private static final Set<String> UNSEEN =
      Set.of(
          "not the state of a histogram",
          "sasl.jaas.config is no login configuration",
          "out of bounds");

  /** The start of a message, in the section of its code. */
  private record Entry(String section, String text) {
    boolean tellsOf(Message message) {
      return message.text().startsWith(text)
          && (section.equals(message.code())
              || (section.equals("SEND_FAILED")
                  && message.code().equals("IncompleteSendException")));
    }
  }

  private static List<Entry> entries() throws IOException {
    List<Entry> entries = new ArrayList<>();
    String section = "";
    String page = String.join("\n", DocumentationPage.of("docs/errors.md").lines());
    for (String line : page.replaceAll("\n  (?=\\S)", " ").split("\n")) {
      if (line.startsWith("## ")) {
        String title = line.substring(3).replace("`", "");
        section = SECTIONS.getOrDefault(title, title);
      } else if (line.startsWith("- ")) {
        Matcher entry = ENTRY.matcher(line);
        assertThat(entry.matches()).as("messages, cause and fix: " + line).isTrue();
        for (MatchResult message : QUOTED.matcher(entry.group(1)).results().toList()) {
          entries.add(new Entry(section, message.group(1)));
        }
      }
    }
    return entries;
  }

  private static List<Message> messages() throws IOException {
    List<Path> roots = new ArrayList<>();
    try (Stream<Path> modules = Files.list(DocumentationPage.ROOT)) {
      modules
          .filter(module -> !module.endsWith("benchmarks"))
          .map(module -> module.resolve("src/main/java"))
          .filter(Files::isDirectory)
          .forEach(roots::add);
    }
    return ThrownMessages.in(roots).stream()
        .filter(message -> !UNSEEN.contains(message.text()))
        .toList();
  }

  @Test
  void eachMessageHasAnEntry() throws IOException {
    List<Entry> entries = entries();
    List<Message> messages = messages();
    assertThat(messages).hasSizeGreaterThan(150);
    assertThat(messages)
        .filteredOn(message -> entries.stream().noneMatch(entry -> entry.tellsOf(message)))
        .as("messages without an entry in docs/errors.md")
        .isEmpty();
  }

  @Test
  void eachEntryIsOfAMessage() throws IOException {
    List<Message> messages = messages();
    assertThat(entries())
        .doesNotHaveDuplicates()
        .filteredOn(entry -> messages.stream().noneMatch(entry::tellsOf))
        .as("entries of docs/errors.md whose message is not in the code")
        .isEmpty();
  }

  @Test
  void eachCodeHasASection() throws IOException {
    assertThat(DocumentationPage.of("docs/errors.md").lines())
        .containsAll(Arrays.stream(ErrorCode.values()).map(code -> "## `" + code + "`").toList());
  }
}
