package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The static files of the page, read and compressed once, and its links. uPlot comes from its
 * WebJar.
 */
final class Assets {
  private static final String UPLOT = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";

  /** The modules of the page for readers of calls, without the first one. */
  private static final List<String> PARTS =
      List.of(
          "elements",
          "export",
          "facets",
          "filters",
          "formats",
          "hours",
          "load",
          "map",
          "overview",
          "panel",
          "plot",
          "replay",
          "state",
          "summary",
          "tables",
          "trend",
          "week");

  private final Map<String, Zipped> files = new LinkedHashMap<>();
  private final Map<String, Supplier<Optional<URI>>> links;
  private final List<String> notes;

  /** A file in gzip. */
  private record Zipped(String type, byte[] gzip) {}

  Assets(Map<String, Supplier<Optional<URI>>> links, List<String> notes) {
    this.links = links;
    this.notes = notes;
    add("/", "explore.html", "text/html");
    add("/explore.css", "explore.css", "text/css");
    add("/explore.js", "explore.js", "text/javascript");
    PARTS.forEach(
        part -> add("/explore/" + part + ".js", "explore/" + part + ".js", "text/javascript"));
    add("/operations", "operations.html", "text/html");
    add("/operations.css", "operations.css", "text/css");
    add("/operations.js", "operations.js", "text/javascript");
    add("/dashboard.css", "dashboard.css", "text/css");
    add("/icon.svg", "icon.svg", "image/svg+xml");
    String uplot = "/META-INF/resources/webjars/uplot/" + uplotVersion() + "/dist/";
    add("/uplot.css", uplot + "uPlot.min.css", "text/css");
    add("/uplot.js", uplot + "uPlot.iife.min.js", "text/javascript");
  }

  /** Returns the file or the links that a client requests. */
  Optional<Response> find(HttpExchange exchange) {
    String path = exchange.getRequestURI().getPath();
    if (path.equals("/api/links")) {
      Map<String, @Nullable Object> current = new LinkedHashMap<>();
      links.forEach((title, target) -> target.get().ifPresent(uri -> current.put(title, uri)));
      return Optional.of(Response.json(200, Json.object("links", current, "notes", notes)));
    }
    return Optional.ofNullable(files.get(path))
        .map(file -> Response.zipped(exchange, file.type(), file.gzip()));
  }

  private void add(String path, String resource, String type) {
    files.put(path, new Zipped(type + "; charset=utf-8", Response.gzip(read(resource))));
  }

  /** Returns a resource of this package as text. */
  static String text(String resource) {
    return new String(read(resource), UTF_8);
  }

  private static byte[] read(String resource) {
    try (InputStream in = Assets.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException(
            resource + " is not on the class path. Add org.webjars.npm:uplot to it.");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String uplotVersion() {
    String version = "version=";
    return text(UPLOT)
        .lines()
        .filter(line -> line.startsWith(version))
        .findFirst()
        .orElseThrow()
        .substring(version.length());
  }
}
