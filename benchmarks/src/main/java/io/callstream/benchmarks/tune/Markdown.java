package io.callstream.benchmarks.tune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;

/** Blocks of Markdown, templates, and the conversion to HTML. Each block ends with a line break. */
final class Markdown {
  /** A part of a template that appears only if its value is not empty. */
  private static final Pattern SECTION =
      Pattern.compile("\\{\\{#([\\w-]+)}}\n(.*?)\\{\\{/\\1}}\n", Pattern.DOTALL);

  private static final Pattern VALUE = Pattern.compile("\\{\\{([\\w-]+)}}");
  private static final Pattern IMAGE = Pattern.compile("<img src=\"([^\"]*)\"[^>]*>");
  private static final List<Extension> TABLES = List.of(TablesExtension.create());

  private Markdown() {}

  static String code(List<String> lines) {
    return "```\n" + String.join("\n", lines) + "\n```\n";
  }

  static String bullets(Stream<String> texts) {
    return texts.map(text -> "- " + text + "\n").collect(Collectors.joining());
  }

  /** Returns a table. A header that starts with {@code >} marks a column of numbers. */
  static String table(List<String> header, Stream<List<String>> rows) {
    List<String> rule = header.stream().map(h -> h.startsWith(">") ? "--:" : "---").toList();
    List<String> names = header.stream().map(h -> h.replaceFirst("^>", "")).toList();
    return Stream.concat(Stream.of(names, rule), rows)
        .map(Markdown::row)
        .collect(Collectors.joining());
  }

  private static String row(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |\n"));
  }

  /** Fills the template in a resource of this package. */
  static String fill(String resource, Map<String, String> values) throws IOException {
    String template;
    try (InputStream in = requireNonNull(Markdown.class.getResourceAsStream(resource))) {
      template = new String(in.readAllBytes(), UTF_8);
    }
    String shown =
        SECTION
            .matcher(template)
            .replaceAll(
                section ->
                    value(values, section.group(1)).isEmpty()
                        ? ""
                        : Matcher.quoteReplacement(section.group(2)));
    return VALUE
        .matcher(shown)
        .replaceAll(name -> Matcher.quoteReplacement(value(values, name.group(1))));
  }

  private static String value(Map<String, String> values, String name) {
    return requireNonNull(values.get(name), () -> "no value of " + name);
  }

  /** Converts Markdown to HTML that contains its images, which are SVG. */
  static String toHtml(String markdown, Map<String, String> images) {
    String html =
        HtmlRenderer.builder()
            .extensions(TABLES)
            .escapeHtml(true)
            .build()
            .render(Parser.builder().extensions(TABLES).build().parse(markdown));
    return IMAGE
        .matcher(html)
        .replaceAll(image -> Matcher.quoteReplacement(value(images, image.group(1))));
  }
}
