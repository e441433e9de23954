package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;

/**
 * The response to an HTTP request.
 *
 * @param type the media type
 */
record Response(int status, String type, Body body) {
  /** The body of a response. */
  @FunctionalInterface
  interface Body {
    void writeTo(OutputStream out) throws IOException;

    /** Returns the number of bytes; 0 if it is unknown in advance. */
    default long length() {
      return 0;
    }
  }

  private record Bytes(byte[] bytes) implements Body {
    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(bytes);
    }

    @Override
    public long length() {
      return bytes.length;
    }
  }

  Response(int status, String type, byte[] body) {
    this(status, type, new Bytes(body));
  }

  static Response text(int status, String text) {
    return new Response(status, "text/plain; charset=utf-8", (text + "\n").getBytes(UTF_8));
  }

  static Response json(int status, Json.Fields fields) {
    return new Response(status, "application/json", Json.object(fields).getBytes(UTF_8));
  }

  static Response json(String json) {
    return new Response(200, "application/json", json.getBytes(UTF_8));
  }

  /** Returns a JSON object that is written while it is sent. */
  static Response streamedJson(Json.Fields fields) {
    return new Response(200, "application/json", out -> Json.writeObject(out, fields));
  }

  /** Returns a JSON object with an error message. */
  static Response error(int status, String message) {
    return json(status, json -> json.writeStringField("error", message));
  }

  void send(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, body.length());
    body.writeTo(exchange.getResponseBody());
  }
}
