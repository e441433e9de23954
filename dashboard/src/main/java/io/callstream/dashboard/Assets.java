package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The static files of the page, read once. uPlot comes from its WebJar. */
final class Assets {
  private static final String UPLOT = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";

  private final Map<String, Response> files = new LinkedHashMap<>();

  Assets(Map<String, URI> links, List<String> notes) {
    add("/", "explore.html", "text/html");
    add("/explore.css", "explore.css", "text/css");
    add("/explore.js", "explore.js", "text/javascript");
    add("/operations", "operations.html", "text/html");
    add("/operations.css", "operations.css", "text/css");
    add("/operations.js", "operations.js", "text/javascript");
    add("/dashboard.css", "dashboard.css", "text/css");
    add("/icon.svg", "icon.svg", "image/svg+xml");
    String uplot = "/META-INF/resources/webjars/uplot/" + uplotVersion() + "/dist/";
    add("/uplot.css", uplot + "uPlot.min.css", "text/css");
    add("/uplot.js", uplot + "uPlot.iife.min.js", "text/javascript");
    files.put("/api/links", Response.json(200, Json.object("links", links, "notes", notes)));
  }

  /** Returns the file at a path of the server. */
  Optional<Response> find(String path) {
    return Optional.ofNullable(files.get(path));
  }

  private void add(String path, String resource, String type) {
    files.put(path, new Response(200, type + "; charset=utf-8", read(resource)));
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
