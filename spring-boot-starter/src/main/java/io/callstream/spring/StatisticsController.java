package io.callstream.spring;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.sink.StatisticsApi;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Serves statistics as the JSON API of the dashboard does. */
@RestController
@RequestMapping("/callstream/statistics")
final class StatisticsController {
  private static final JsonFactory JSON = new JsonFactory();

  private final StatisticsApi statistics;

  StatisticsController(RunningPipeline running) {
    statistics = new StatisticsApi(running);
  }

  @GetMapping
  void statistics(HttpServletResponse response) throws IOException {
    send(statistics.statistics(), response);
  }

  @GetMapping("/{name}")
  void rows(
      @PathVariable("name") String name,
      @RequestParam MultiValueMap<String, String> parameters,
      HttpServletResponse response)
      throws IOException {
    send(statistics.rows(name, parameters, () -> {}), response);
  }

  private static void send(StatisticsApi.Answer answer, HttpServletResponse response)
      throws IOException {
    response.setContentType("application/json");
    response.setStatus(answer.status());
    if (!answer.isBounded()) {
      write(answer, response.getOutputStream());
      return;
    }
    // If this fails, the response still gets an error status.
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    write(answer, body);
    response.setContentLength(body.size());
    body.writeTo(response.getOutputStream());
  }

  private static void write(StatisticsApi.Answer answer, OutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out)) {
      // If a row fails, the JSON stays incomplete, so that clients detect the error.
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT);
      answer.body().writeTo(json);
    }
  }
}
