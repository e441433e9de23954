package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * The response to an HTTP request.
 *
 * @param type the media type
 * @param length the number of bytes; 0 if it is unknown in advance
 */
record Response(int status, String type, long length, Body body) {
  static final String JSON = "application/json";

  /** A coding that is accepted: gzip without the weight zero. */
  private static final Pattern GZIP =
      Pattern.compile("\\bgzip\\b(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))", Pattern.CASE_INSENSITIVE);

  /** Writes the body of a response. */
  @FunctionalInterface
  interface Body {
    void writeTo(OutputStream out) throws IOException;
  }

  Response(int status, String type, byte[] body) {
    this(status, type, body.length, out -> out.write(body));
  }

  static Response text(int status, String text) {
    return new Response(status, "text/plain; charset=utf-8", (text + "\n").getBytes(UTF_8));
  }

  static Response json(int status, Object value) {
    return new Response(status, JSON, Json.bytes(value));
  }

  /** Returns JSON that is written while it is sent. */
  static Response streamedJson(Object value) {
    return new Response(200, JSON, 0, out -> Json.write(out, value));
  }

  static byte[] gzip(byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Returns whether a client accepts gzip. */
  static boolean acceptsGzip(HttpExchange exchange) {
    String accepted = exchange.getRequestHeaders().getFirst("Accept-Encoding");
    return accepted != null && GZIP.matcher(accepted).find();
  }

  /**
   * Returns content in gzip. A client that does not accept gzip gets it unzipped, which takes time
   * for each response.
   */
  static Response zipped(HttpExchange exchange, String type, byte[] gzip) {
    exchange.getResponseHeaders().set("Vary", "Accept-Encoding");
    if (acceptsGzip(exchange)) {
      exchange.getResponseHeaders().set("Content-Encoding", "gzip");
      return new Response(200, type, gzip);
    }
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
      return new Response(200, type, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns a JSON object with an error message. */
  static Response error(int status, String message) {
    return json(status, Json.object("error", message));
  }

  /** Returns the response to a request that must wait for others. */
  static Response busy(HttpExchange exchange, String message) {
    exchange.getResponseHeaders().set("Retry-After", "1");
    return error(503, message);
  }

  void send(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (status == 304 || exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, length);
    body.writeTo(exchange.getResponseBody());
  }
}
