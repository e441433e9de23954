package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;

/**
 * A server on the loopback address that answers SODA queries over a table in memory. It executes
 * any {@code $where}, {@code $order} and {@code $limit} within the supported part of the language.
 * It compares texts as texts, and null is last. Tests can make the next answers fail, one after the
 * other.
 */
final class SodaServer implements AutoCloseable {
  static final String DATASET = "gnap-fj3t";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern COMPARISON =
      Pattern.compile("(\\w+) (>=|<=|>|<|=) '((?:[^']|'')*)'");
  private static final Pattern NULLITY = Pattern.compile("(\\w+) IS (NOT )?NULL");

  /** An action in place of an answer. */
  interface Fault {
    /** Sends an answer, or returns false to send the correct answer. */
    boolean answer(HttpExchange exchange) throws IOException;
  }

  /** A request: its parameters, its token and its time. */
  record Request(Map<String, String> query, String token, long nanos) {}

  private final List<Map<String, Object>> table = new CopyOnWriteArrayList<>();
  private final Deque<Fault> faults = new ArrayDeque<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final HttpServer server;
  private volatile String requiredToken = "";
  private volatile boolean packing;
  private volatile int mostRows = 50_000;
  private int nextId;

  SodaServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  List<Request> requests() {
    return requests;
  }

  void requireToken(String token) {
    requiredToken = token;
  }

  void pack() {
    packing = true;
  }

  /** Limits the number of rows per answer, regardless of the request. */
  void capAt(int rows) {
    mostRows = rows;
  }

  // ---- the table

  /** Adds a row. The server numbers rows in the order of arrival. */
  synchronized Map<String, Object> add(Map<String, Object> row) {
    Map<String, Object> added = new LinkedHashMap<>(row);
    // The ids of neighboring rows are far apart and not in the order of a key.
    added.put(":id", String.format("row-%08x", nextId++ * 0x9e3779b9));
    table.add(added);
    return added;
  }

  synchronized void change(Map<String, Object> row, String name, Object value) {
    row.put(name, value);
  }

  synchronized void remove(Map<String, Object> row) {
    table.removeIf(other -> other == row);
  }

  /** Returns all rows in the form in which they are answered. */
  synchronized List<Map<String, Object>> rows() {
    return table.stream().map(SodaServer::shown).toList();
  }

  private static Map<String, Object> shown(Map<String, Object> row) {
    Map<String, Object> shown = new LinkedHashMap<>(row);
    shown.remove(":id");
    return shown;
  }

  // ---- faults

  /** Makes the next answers fail, one after the other. */
  synchronized void then(Fault... next) {
    faults.addAll(Arrays.asList(next));
  }

  static Fault none() {
    return exchange -> false;
  }

  /** Runs an action on the table before the answer. */
  static Fault after(Runnable action) {
    return exchange -> {
      action.run();
      return false;
    };
  }

  static Fault status(int status, String body, String... headers) {
    return exchange -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      send(exchange, status, body.getBytes(UTF_8));
      return true;
    };
  }

  /** Announces the whole answer, sends a part of it, and closes the connection. */
  Fault breakOff() {
    return exchange -> {
      byte[] body = answer(query(exchange));
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body, 0, body.length * 2 / 3);
      exchange.getResponseBody().flush();
      exchange.close();
      return true;
    };
  }

  /** Sends the first part of the answer, and then nothing more. */
  Fault fallSilent() {
    return exchange -> {
      byte[] body = answer(query(exchange));
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body, 0, body.length / 2);
      exchange.getResponseBody().flush();
      try {
        closing.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      exchange.close();
      return true;
    };
  }

  /** Sends a byte from time to time, without an end. */
  Fault drip() {
    return exchange -> {
      exchange.sendResponseHeaders(200, 0);
      try {
        do {
          exchange.getResponseBody().write(' ');
          exchange.getResponseBody().flush();
        } while (!closing.await(50, TimeUnit.MILLISECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IOException e) {
        // The client has closed the connection.
      }
      exchange.close();
      return true;
    };
  }

  /** Answers with a page of one row and this much white space, compressed or not. */
  static Fault blank(int mebibytes, boolean packed) {
    return exchange -> {
      if (packed) {
        exchange.getResponseHeaders().set("Content-Encoding", "gzip");
      }
      exchange.sendResponseHeaders(200, 0);
      byte[] space = " ".repeat(1 << 20).getBytes(UTF_8);
      OutputStream plain = exchange.getResponseBody();
      try (OutputStream out = packed ? new GZIPOutputStream(plain) : plain) {
        out.write("[{\"cad_number\":\"1\"}".getBytes(UTF_8));
        for (int i = 0; i < mebibytes; i++) {
          out.write(space);
        }
        out.write(']');
      } catch (IOException e) {
        // The client has stopped reading because the answer is too large.
      }
      exchange.close();
      return true;
    };
  }

  // ---- answers

  private void handle(HttpExchange exchange) throws IOException {
    Map<String, String> query = query(exchange);
    String token = exchange.getRequestHeaders().getFirst("X-App-Token");
    requests.add(new Request(query, token == null ? "" : token, System.nanoTime()));
    if (!exchange.getRequestURI().getPath().equals("/resource/" + DATASET + ".json")) {
      send(
          exchange,
          404,
          "{\"code\":\"dataset.missing\",\"error\":true,\"message\":\"Not found\"}"
              .getBytes(UTF_8));
      return;
    }
    if (!requiredToken.isEmpty() && !requiredToken.equals(token)) {
      send(
          exchange,
          403,
          ("{\"code\":\"permission_denied\",\"error\":true,"
                  + "\"message\":\"Invalid app_token specified\"}")
              .getBytes(UTF_8));
      return;
    }
    Fault fault;
    synchronized (this) {
      fault = faults.isEmpty() ? none() : faults.remove();
    }
    if (!fault.answer(exchange)) {
      boolean packed =
          packing
              && String.valueOf(exchange.getRequestHeaders().getFirst("Accept-Encoding"))
                  .contains("gzip");
      byte[] body = answer(query);
      if (packed) {
        exchange.getResponseHeaders().set("Content-Encoding", "gzip");
      }
      send(exchange, 200, packed ? packed(body) : body);
    }
  }

  private static byte[] packed(byte[] body) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(body);
    }
    return bytes.toByteArray();
  }

  private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new HashMap<>();
    for (String parameter : exchange.getRequestURI().getRawQuery().split("&")) {
      String[] parts = parameter.split("=", 2);
      query.put(URLDecoder.decode(parts[0], UTF_8), URLDecoder.decode(parts[1], UTF_8));
    }
    return query;
  }

  private synchronized byte[] answer(Map<String, String> query) {
    List<Map<String, Object>> rows = new ArrayList<>(table);
    for (String condition : query.getOrDefault("$where", "").split(" AND ")) {
      rows.removeIf(row -> !meets(row, condition));
    }
    Comparator<Map<String, Object>> order = (a, b) -> 0;
    for (String column : query.getOrDefault("$order", "").split(",")) {
      order =
          order.thenComparing(
              row -> (String) row.get(column.strip()),
              Comparator.nullsLast(Comparator.naturalOrder()));
    }
    rows.sort(order);
    int limit = Math.min(mostRows, Integer.parseInt(query.getOrDefault("$limit", "1000")));
    try {
      // One row per line, as Socrata sends them.
      StringBuilder text = new StringBuilder("[");
      for (Map<String, Object> row : rows.subList(0, Math.min(limit, rows.size()))) {
        text.append(text.length() == 1 ? "" : "\n,").append(JSON.writeValueAsString(shown(row)));
      }
      return text.append("]\n").toString().getBytes(UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean meets(Map<String, Object> row, String condition) {
    Matcher nullity = NULLITY.matcher(condition);
    if (nullity.matches()) {
      return (row.get(nullity.group(1)) == null) == (nullity.group(2) == null);
    }
    Matcher parts = COMPARISON.matcher(condition);
    if (!parts.matches()) {
      throw new IllegalArgumentException("not in this part of the language: " + condition);
    }
    Object value = row.get(parts.group(1));
    if (value == null) {
      return false;
    }
    int order = ((String) value).compareTo(parts.group(3).replace("''", "'"));
    return switch (parts.group(2)) {
      case ">=" -> order >= 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      case "<" -> order < 0;
      default -> order == 0;
    };
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
