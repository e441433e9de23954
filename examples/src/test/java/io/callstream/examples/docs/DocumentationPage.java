package io.callstream.examples.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A page of the documentation. */
public record DocumentationPage(Path file, List<String> lines) {
  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");

  /**
   * A block of code.
   *
   * @param language the text after the fence, possibly empty
   * @param line the line number of the fence
   */
  public record Block(String language, String text, Path file, int line) {
    @Override
    public String toString() {
      return ROOT.relativize(file) + ":" + line;
    }
  }

  static DocumentationPage of(String path) throws IOException {
    return read(ROOT.resolve(path));
  }

  private static DocumentationPage read(Path file) throws IOException {
    return new DocumentationPage(file, Files.readAllLines(file));
  }

  /** Returns all pages. */
  public static List<DocumentationPage> all() throws IOException {
    List<DocumentationPage> all = new ArrayList<>();
    for (String page :
        List.of("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")) {
      all.add(of(page));
    }
    try (Stream<Path> found = Files.walk(ROOT.resolve("docs"))) {
      for (Path file : found.filter(f -> f.toString().endsWith(".md")).sorted().toList()) {
        all.add(read(file));
      }
    }
    return all;
  }

  /** Returns the blocks of code. */
  public List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    int fence = -1;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("```")) {
        if (fence >= 0) {
          String text = String.join("\n", lines.subList(fence + 1, i));
          blocks.add(new Block(lines.get(fence).substring(3).trim(), text, file, fence + 1));
        }
        fence = fence < 0 ? i : -1;
      }
    }
    return blocks;
  }

  /** Returns the lines that are not in code blocks. */
  public List<String> prose() {
    List<String> prose = new ArrayList<>();
    boolean code = false;
    for (String line : lines) {
      if (line.startsWith("```")) {
        code = !code;
      } else if (!code) {
        prose.add(line);
      }
    }
    return prose;
  }

  /** Returns the targets of links and images. */
  List<String> links() {
    return prose().stream()
        .map(line -> line.replaceAll("`[^`]*`", ""))
        .flatMap(line -> LINK.matcher(line).results())
        .map(link -> link.group(1))
        .toList();
  }

  /** Returns the valid anchors ({@code #...}): headings in GitHub's notation. */
  List<String> anchors() {
    Map<String, Integer> seen = new HashMap<>();
    List<String> anchors = new ArrayList<>();
    for (String line : prose()) {
      if (line.matches("#{1,6} .*")) {
        String anchor =
            line.replaceFirst("#+ ", "")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N}\\-_ ]", "")
                .replace(' ', '-');
        int times = seen.merge(anchor, 1, Integer::sum);
        anchors.add(times == 1 ? anchor : anchor + "-" + (times - 1));
      }
    }
    return anchors;
  }
}
