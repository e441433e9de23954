package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.testing.WatchedRun;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A headless Chromium with one page, controlled through the DevTools protocol. Selenium depends on
 * another version of Guava than Spark, and Playwright downloads a separate browser.
 */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long TIMEOUT_SECONDS = 30;

  private final Path profile;
  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger number = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final List<String> problems = new CopyOnWriteArrayList<>();

  private Browser(Path profile, Process process) throws Exception {
    this.profile = profile;
    this.process = process;
    HttpClient client = HttpClient.newHttpClient();
    Path port = profile.resolve("DevToolsActivePort");
    WatchedRun.await(
        "the start of Chromium", () -> Files.exists(port) && Files.readAllLines(port).size() > 1);
    URI targets = URI.create("http://127.0.0.1:" + Files.readAllLines(port).get(0) + "/json/list");
    JsonNode pages =
        JSON.readTree(
            client.send(HttpRequest.newBuilder(targets).build(), BodyHandlers.ofString()).body());
    String page = null;
    for (JsonNode target : pages) {
      if (target.get("type").asText().equals("page")) {
        page = target.get("webSocketDebuggerUrl").asText();
      }
    }
    assertThat(page).as("a page among %s", pages).isNotNull();
    socket =
        client
            .newWebSocketBuilder()
            .buildAsync(URI.create(page), new Messages())
            .get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    for (String domain : List.of("Page", "Runtime", "Log")) {
      send(domain + ".enable", JSON.createObjectNode());
    }
  }

  /** Returns the path of Chromium if it is installed. */
  static Optional<Path> installed() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(
            dir ->
                Stream.of("chromium", "chromium-browser", "google-chrome")
                    .map(name -> Path.of(dir, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Starts a browser, or skips the test if none is installed and none is required. */
  static Browser startIfInstalled() throws Exception {
    String needed = "Chromium is not on the PATH; install it with: apt-get install chromium";
    if ("required".equals(System.getProperty("callstream.browser"))) {
      assertThat(installed()).as(needed).isPresent();
    }
    assumeTrue(installed().isPresent(), needed);
    return start();
  }

  private static Browser start() throws Exception {
    Path profile = Files.createTempDirectory("callstream-browser");
    List<String> line = new ArrayList<>();
    line.addAll(
        List.of(
            installed().orElseThrow().toString(),
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--hide-scrollbars",
            "--remote-debugging-port=0",
            "--user-data-dir=" + profile));
    if ("root".equals(System.getProperty("user.name"))) {
      line.add("--no-sandbox"); // The sandbox does not work for root.
    }
    line.add("about:blank");
    Process process =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(profile.resolve("log.txt").toFile())
            .start();
    try {
      return new Browser(profile, process);
    } catch (Exception | Error e) {
      end(process, profile);
      throw e;
    }
  }

  private final class Messages implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        try {
          receive(JSON.readTree(text.toString()));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  private void receive(JsonNode message) {
    if (message.has("id")) {
      answers.remove(message.get("id").asInt()).complete(message);
      return;
    }
    String method = message.get("method").asText();
    JsonNode parameters = message.get("params");
    boolean problem =
        method.equals("Runtime.exceptionThrown")
            || method.equals("Page.javascriptDialogOpening")
            || (method.equals("Runtime.consoleAPICalled")
                && List.of("error", "warning", "assert").contains(parameters.get("type").asText()))
            || (method.equals("Log.entryAdded")
                && List.of("error", "warning")
                    .contains(parameters.get("entry").get("level").asText()));
    if (problem) {
      problems.add(method + " " + parameters);
    }
  }

  private JsonNode send(String method, ObjectNode parameters) throws Exception {
    int id = number.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    ObjectNode message = JSON.createObjectNode().put("id", id).put("method", method);
    message.set("params", parameters);
    socket.sendText(message.toString(), true).get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    JsonNode got = answer.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    assertThat(got.has("error")).as("%s: %s", method, got).isFalse();
    return got.get("result");
  }

  /** Returns the errors and warnings of the console, and the dialogs. */
  List<String> problems() {
    return problems;
  }

  /** Opens a page and waits until it is parsed. */
  void open(URI page) throws Exception {
    send("Page.navigate", JSON.createObjectNode().put("url", page.toString()));
    await("document.readyState !== 'loading'");
  }

  /** Returns the value of an expression. */
  JsonNode evaluate(String expression) throws Exception {
    JsonNode result =
        send(
            "Runtime.evaluate",
            JSON.createObjectNode().put("expression", expression).put("returnByValue", true));
    assertThat(result.has("exceptionDetails")).as("%s: %s", expression, result).isFalse();
    return result.get("result").path("value");
  }

  /** Waits until an expression is true. */
  void await(String expression) throws Exception {
    WatchedRun.await(expression, () -> evaluate(expression).asBoolean());
  }

  /** Returns the texts of the elements that match a selector. */
  List<String> texts(String selector) throws Exception {
    List<String> texts = new ArrayList<>();
    evaluate("[...document.querySelectorAll('" + selector + "')].map(e => e.textContent)")
        .forEach(text -> texts.add(text.asText()));
    return texts;
  }

  /** Returns the violations of accessibility rules on the page, as axe finds them. */
  List<String> violations() throws Exception {
    String version = "/META-INF/maven/org.webjars.npm/axe-core/pom.properties";
    Properties properties = new Properties();
    try (InputStream in = Browser.class.getResourceAsStream(version)) {
      properties.load(in);
    }
    String script =
        "/META-INF/resources/webjars/axe-core/" + properties.getProperty("version") + "/axe.min.js";
    try (InputStream in = Browser.class.getResourceAsStream(script)) {
      evaluate(new String(in.readAllBytes(), UTF_8) + ";0");
    }
    evaluate(
        "window.axeResult = null; axe.run().then(result => { window.axeResult = result; }); 0");
    await("window.axeResult !== null");
    List<String> found = new ArrayList<>();
    evaluate(
            "axeResult.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html + ' '"
                + " + n.failureSummary))")
        .forEach(violation -> found.add(violation.asText()));
    problems.removeIf(problem -> problem.contains("willReadFrequently")); // A warning about axe.
    return found;
  }

  /** Opens another tab, which hides the page, and returns its id. */
  String openTab() throws Exception {
    return send("Target.createTarget", JSON.createObjectNode().put("url", "about:blank"))
        .get("targetId")
        .asText();
  }

  void closeTab(String tab) throws Exception {
    send("Target.closeTarget", JSON.createObjectNode().put("targetId", tab));
  }

  void resize(int width, int height) throws Exception {
    send(
        "Emulation.setDeviceMetricsOverride",
        JSON.createObjectNode()
            .put("width", width)
            .put("height", height)
            .put("deviceScaleFactor", 1)
            .put("mobile", width < 600));
  }

  /** Sets the preferred color scheme: light or dark. */
  void prefer(String scheme) throws Exception {
    emulate("", scheme);
  }

  /** Sets the medium, such as print, and the preferred color scheme. */
  void emulate(String medium, String scheme) throws Exception {
    ObjectNode parameters = JSON.createObjectNode().put("media", medium);
    parameters
        .putArray("features")
        .addObject()
        .put("name", "prefers-color-scheme")
        .put("value", scheme);
    send("Emulation.setEmulatedMedia", parameters);
  }

  /** Shows the page for a medium, such as print; the screen if it is empty. */
  void media(String medium) throws Exception {
    send("Emulation.setEmulatedMedia", JSON.createObjectNode().put("media", medium));
  }

  /** Presses the mouse at a point of the window, moves it to another one, and releases it. */
  void drag(double fromX, double fromY, double toX, double toY) throws Exception {
    mouse("mouseMoved", fromX, fromY);
    mouse("mousePressed", fromX, fromY);
    mouse("mouseMoved", toX, toY);
    mouse("mouseReleased", toX, toY);
  }

  private void mouse(String type, double x, double y) throws Exception {
    send(
        "Input.dispatchMouseEvent",
        JSON.createObjectNode()
            .put("type", type)
            .put("x", x)
            .put("y", y)
            .put("button", "left")
            .put("buttons", type.equals("mouseReleased") ? 0 : 1)
            .put("clickCount", 1));
  }

  /** Presses and releases a key. */
  void press(String key, int code) throws Exception {
    for (String type : List.of("keyDown", "keyUp")) {
      ObjectNode event =
          JSON.createObjectNode()
              .put("type", type)
              .put("key", key)
              .put("code", key)
              .put("windowsVirtualKeyCode", code);
      if (key.equals("Enter") && type.equals("keyDown")) {
        event.put("text", "\r");
      }
      send("Input.dispatchKeyEvent", event);
    }
  }

  @Override
  public void close() {
    socket.abort();
    end(process, profile);
  }

  private static void end(Process process, Path profile) {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroyForcibly);
    all.forEach(one -> one.onExit().orTimeout(TIMEOUT_SECONDS, TimeUnit.SECONDS).join());
    // An ending process may still write a file, so the deletion may need several attempts.
    assertThat(Stream.generate(() -> delete(profile)).limit(1_000)).contains(true);
  }

  private static boolean delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
      return true;
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }
}
