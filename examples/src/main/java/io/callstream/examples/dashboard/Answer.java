package io.callstream.examples.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;

/**
 * What a request is answered with.
 *
 * @param type the media type
 */
record Answer(int status, String type, byte[] body) {
  static Answer text(int status, String text) {
    return new Answer(status, "text/plain; charset=utf-8", (text + "\n").getBytes(UTF_8));
  }

  static Answer json(int status, String json) {
    return new Answer(status, "application/json", json.getBytes(UTF_8));
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
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }
}
