package consumer;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.databind.JsonNode;
import io.callstream.dashboard.Dashboard;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.MemorySource;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.context.annotation.Bean;
import org.springframework.http.ResponseEntity;

/** Tests the published starter in a Spring Boot application. */
@SpringBootTest(
    webEnvironment = WebEnvironment.RANDOM_PORT,
    properties = "callstream.checkpoint=target/state-${random.uuid}")
class CallsApplicationTest {
  @TestConfiguration
  static class InMemory {
    @Bean
    MemorySource source() {
      return MemorySource.withPartitions(1);
    }
  }

  @Autowired MemorySource source;
  @Autowired RunningPipeline running;
  @Autowired Dashboard dashboard;
  @Autowired MeterRegistry registry;
  @Autowired TestRestTemplate web;

  @Test
  void hasOneLoggingBindingAndOneJackson() {
    ClassPath.hasOneLoggingBindingAndOneJackson();
  }

  @Test
  void logsAsTheApplicationSays() {
    assertThat(getClass().getResource("/logback.xml")).isNull();
    assertThat(level(Logger.ROOT_LOGGER_NAME)).isEqualTo(Level.INFO);
    assertThat(level("org.apache.kafka")).isEqualTo(Level.INFO);
    assertThat(level("io.callstream")).isEqualTo(Level.DEBUG);
  }

  private static Level level(String logger) {
    return ((Logger) LoggerFactory.getLogger(logger)).getEffectiveLevel();
  }

  @Test
  void answersFromTheRunningPipeline() {
    for (int i = 0; i < 3; i++) {
      source.add(0, Instant.parse("2018-11-04T09:00:00Z"), call(i));
    }

    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> running.accounting().received() == 3);

    assertThat(web.getForObject("/types", JsonNode.class).toString())
        .isEqualTo("[{\"type\":\"Noise Nuisance\",\"calls\":3}]");
    String hour =
        "{'window_start':'2018-11-04T07:00:00Z','window_end':'2018-11-04T08:00:00Z',"
            + "'address':'','count':3}";
    assertJson("/rows/calls-by-type", "[{'crime_type':'Noise Nuisance','count':3}]");
    assertJson("/rows/noise", "[" + hour + "]");
    assertJson("/results/noise", "[" + hour + "]");
    assertJson("/windows/noise", "[{'start':'2018-11-04T07:00:00Z','end':'2018-11-04T08:00:00Z'}]");
    assertThat(web.getForObject("/accounting", String.class))
        .isEqualTo(running.accounting().toJson());
    assertThat(web.getForObject("/progress", JsonNode.class).at("/accounting/received").asLong())
        .isPositive();
    String api = web.getForObject("/callstream/statistics/calls-by-type", String.class);
    assertThat(api).contains("\"rows\":[{\"crime_type\":\"Noise Nuisance\",\"count\":3}]");
    assertThat(
            web.getForObject(
                dashboard.uri().resolve("/api/statistics/calls-by-type"), String.class))
        .isEqualTo(api);
    JsonNode health = web.getForObject("/actuator/health", JsonNode.class);
    assertThat(health.at("/components/callstream/status").asText()).isEqualTo("UP");
    assertThat(registry.get("callstream.records.received").functionCounter().count()).isEqualTo(3);
    // The first batch adds the meters of its partitions. Before that, a request by name does not
    // find them.
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              ResponseEntity<JsonNode> lag =
                  web.getForEntity("/actuator/metrics/callstream.partition.lag", JsonNode.class);
              assertThat(lag.getStatusCode().value()).isEqualTo(200);
              assertThat(lag.getBody().at("/measurements/0/value").asInt(-1)).isZero();
              assertThat(lag.getBody().get("baseUnit").asText()).isEqualTo("offsets");
            });
  }

  private void assertJson(String path, String json) {
    assertThat(web.getForObject(path, String.class)).isEqualTo(json.replace('\'', '"'));
  }

  private static byte[] call(int id) {
    return ("{\"crime_id\":\""
            + id
            + "\",\"original_crime_type_name\":\"Noise Nuisance\","
            + "\"call_date_time\":\"2018-11-04T00:30:00.000\"}")
        .getBytes(StandardCharsets.UTF_8);
  }
}
