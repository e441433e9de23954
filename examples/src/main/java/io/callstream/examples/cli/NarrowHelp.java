package io.callstream.examples.cli;

import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Shows the help in terminals of less than 80 columns: descriptions follow below their options.
 * picocli itself requires 55 columns.
 */
final class NarrowHelp {
  static final int WIDTH = 80;
  static final int MIN_WIDTH = 40;

  /** A width in which picocli wraps no text. */
  private static final int UNWRAPPED = 2_000;

  private static final String STYLE = "\u001b\\[[\\d;]*m";
  private static final int OPTION = 2;
  private static final int DESCRIPTION = 6;

  private final IntSupplier columns;
  private int width;

  private NarrowHelp(IntSupplier columns) {
    this.columns = columns;
  }

  /**
   * Sets the help of a command and its subcommands.
   *
   * @param columns returns the columns of the terminal; called if help is shown
   */
  static void register(CommandLine commands, IntSupplier columns) {
    NarrowHelp narrow = new NarrowHelp(columns);
    var sections = commands.getHelpSectionMap();
    sections.replaceAll((key, section) -> help -> narrow.render(key, section, help));
    commands.setHelpSectionMap(sections);
  }

  private String render(String key, IHelpSectionRenderer section, Help help) {
    if (width == 0) {
      width = Math.max(MIN_WIDTH, Math.min(WIDTH, columns.getAsInt()));
    }
    if (width == WIDTH) {
      return section.render(help);
    }
    help.commandSpec().usageMessage().width(UNWRAPPED);
    String text = section.render(help);
    return switch (key) {
      case UsageMessageSpec.SECTION_KEY_SYNOPSIS_HEADING -> "";
      case UsageMessageSpec.SECTION_KEY_SYNOPSIS -> wrappedLines(help.synopsisHeading() + text);
      default -> wrappedLines(text);
    };
  }

  private String wrappedLines(String text) {
    return text.lines()
        .map(line -> line.replaceAll(STYLE + "( +)(" + STYLE + ")+", "$1")) // Styled spaces.
        .map(line -> wrapped(line) + "\n")
        .collect(Collectors.joining());
  }

  private String wrapped(String line) {
    String text = line.strip();
    int indent = line.indexOf(text);
    if (indent > DESCRIPTION) { // It follows an option that is longer than its column.
      return wrapped(DESCRIPTION, DESCRIPTION, text);
    }
    String[] parts = text.split("(?<=\\S) {2,}", 2);
    String first = wrapped(Math.min(indent, OPTION), indent == 0 ? 0 : DESCRIPTION, parts[0]);
    return parts.length == 1 ? first : first + "\n" + wrapped(DESCRIPTION, DESCRIPTION, parts[1]);
  }

  /** Returns a text in lines, with the indent of the first line and that of the others. */
  private String wrapped(int first, int others, String text) {
    StringBuilder all = new StringBuilder(" ".repeat(first));
    int used = first;
    for (String word : text.split(" +", -1)) {
      int length = word.replaceAll(STYLE, "").length();
      if (used > others && used + 1 + length > width) {
        all.append('\n').append(" ".repeat(others));
        used = others;
      } else if (used > first) {
        all.append(' ');
        used++;
      }
      all.append(word);
      used += length;
    }
    return all.toString().stripTrailing();
  }
}
