package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;

/**
 * What a request is answered with.
 *
 * @param type the media type
 */
record Answer(int status, String type, Body body) {
  /** Writes a body. */
  @FunctionalInterface
  interface Body {
    void writeTo(OutputStream out) throws IOException;

    /** Returns how many bytes there are; 0 if that is not known before. */
    default long length() {
      return 0;
    }
  }

  /** A body that is there as a whole. */
  private record Whole(byte[] bytes) implements Body {
    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(bytes);
    }

    @Override
    public long length() {
      return bytes.length;
    }
  }

  Answer(int status, String type, byte[] body) {
    this(status, type, new Whole(body));
  }

  static Answer text(int status, String text) {
    return new Answer(status, "text/plain; charset=utf-8", (text + "\n").getBytes(UTF_8));
  }

  static Answer json(int status, String json) {
    return json(status, new Whole(json.getBytes(UTF_8)));
  }

  static Answer json(int status, Body json) {
    return new Answer(status, "application/json", json);
  }

  /** Returns a JSON object that says what is wrong. */
  static Answer error(int status, String message) {
    return json(status, SnapshotJson.object(json -> json.writeStringField("error", message)));
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
