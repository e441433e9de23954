package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An S3 server in a separate process, whose objects are in its memory. The profile {@code thorough}
 * of the build provides its jar.
 */
final class S3Server implements AutoCloseable {
  private static final Pattern ADDRESS = Pattern.compile("\\{127\\.0\\.0\\.1:(\\d+)}");
  private static final Pattern KEY = Pattern.compile("<Key>([^<]*)</Key>");
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final Processes processes;
  private final int port;

  private S3Server(Processes processes, int port) {
    this.processes = processes;
    this.port = port;
  }

  static S3Server start(Path directory) throws IOException {
    Path jar = Path.of("target/s3proxy.jar");
    assertThat(jar).exists();
    Path properties =
        Files.writeString(
            directory.resolve("s3.properties"),
            """
            s3proxy.endpoint=http://127.0.0.1:0
            s3proxy.authorization=none
            jclouds.provider=transient
            jclouds.identity=test
            jclouds.credential=test
            """);
    Processes processes = new Processes(directory);
    Processes.Running server =
        processes.start(
            "s3-server",
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                jar.toString(),
                "org.gaul.s3proxy.Main",
                "--properties",
                properties.toString()));
    server.awaitText("Started ServerConnector");
    Matcher address = ADDRESS.matcher(server.text());
    assertThat(address.find()).as(server.text()).isTrue();
    return new S3Server(processes, Integer.parseInt(address.group(1)));
  }

  InetSocketAddress address() {
    return new InetSocketAddress("127.0.0.1", port);
  }

  void createBucket(String bucket) {
    request("PUT", bucket);
  }

  /** Returns the names of the objects whose names start with a prefix. There are at most 1,000. */
  List<String> objects(String bucket, String prefix) {
    return new ArrayList<>(
        KEY.matcher(request("GET", bucket + "?prefix=" + prefix))
            .results()
            .map((MatchResult match) -> match.group(1))
            .toList());
  }

  private String request(String method, String resource) {
    try {
      HttpResponse<String> answer =
          CLIENT.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/" + resource))
                  .method(method, HttpRequest.BodyPublishers.noBody())
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      return answer.body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns Hadoop's settings for a bucket at a port, with which requests fail within seconds. */
  static Map<String, String> settings(String bucket, int port) {
    String prefix = "fs.s3a.bucket." + bucket + ".";
    return Map.of(
        prefix + "endpoint", "http://127.0.0.1:" + port,
        prefix + "access.key", "test",
        prefix + "secret.key", "test",
        prefix + "path.style.access", "true",
        prefix + "connection.ssl.enabled", "false",
        prefix + "attempts.maximum", "2",
        prefix + "retry.limit", "2",
        prefix + "retry.interval", "100ms");
  }

  @Override
  public void close() {
    processes.close();
  }
}
