package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SparkSettingsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "spark.executor.memory",
        "spark.sql.streaming.minBatchesToRetain",
        "spark.hadoop.fs.s3a.endpoint",
        "spark.ui.enabled",
        "spark.sql.warehouse.dir"
      })
  void propertiesThatSparkKnowsAreTaken(String key) {
    assertThat(SparkSettings.defaults().with(key, "1").properties()).containsEntry(key, "1");
  }

  @ParameterizedTest
  @CsvSource({
    "spark.streaming.kafka.maxRatePerPartition, readingAtMost",
    "spark.streaming.backpressure.enabled, readingAtMost",
    "maxRatePerPartition, readingAtMost",
    "spark.sql.adaptive.enabled, adaptively",
    "spark.default.parallelism, shufflePartitions",
    "spark.sql.streaming.checkpointLocation, --checkpoint",
  })
  void propertiesWithoutEffectAreRefusedWithTheWayOut(String key, String fix) {
    assertThatThrownBy(() -> SparkSettings.defaults().with(key, "1"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(key)
        .hasMessageContaining(fix);
  }

  @Test
  void propertiesWithATypedSettingAreTakenAsThat() {
    SparkSettings settings =
        SparkSettings.defaults()
            .with("spark.master", "local[3]")
            .with("spark.sql.shuffle.partitions", "7")
            .with(
                "spark.sql.streaming.stateStore.providerClass",
                SparkSettings.StateStore.ROCKSDB.sparkProvider());
    assertThat(settings.master()).contains("local[3]");
    assertThat(settings.shufflePartitions()).hasValue(7);
    assertThat(settings.stateStore()).isEqualTo(SparkSettings.StateStore.ROCKSDB);
    assertThatThrownBy(() -> SparkSettings.defaults().with("spark.sql.shuffle.partitions", "many"))
        .hasMessageContaining("'many'");
  }

  @Test
  void misspeltPropertiesAreRefusedWithTheNearestThatThereIs() {
    assertThatThrownBy(() -> SparkSettings.defaults().with("spark.executor.memry", "1g"))
        .hasMessageContaining("'spark.executor.memry'")
        .hasMessageContaining("Did you mean 'spark.executor.memory'?");
  }

  @Test
  void valuesOutsideTheirBoundsAreRefused() {
    assertThatThrownBy(() -> SparkSettings.defaults().shufflePartitions(0))
        .hasMessageContaining("0")
        .hasMessageContaining("at least 1");
    assertThatThrownBy(() -> SparkSettings.defaults().master(" ")).hasMessageContaining("local[*]");
  }

  /** This JVM cannot get such a context, whether or not it already has a context. */
  @Test
  void aClusterWhoseExecutorsWouldLackOurClassesIsRefused() {
    SparkSettings cluster = SparkSettings.defaults().master("spark://127.0.0.1:1");
    assertThatThrownBy(() -> Sessions.own(cluster))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .hasMessageContaining("spark://127.0.0.1:1");
  }

  @Test
  void secretsDoNotShow() {
    assertThat(SparkSettings.defaults().with("spark.hadoop.fs.s3a.secret.key", "hush").toString())
        .contains("spark.hadoop.fs.s3a.secret.key")
        .doesNotContain("hush");
  }

  /** Starts a Java without the flags of this test's JVM. */
  @Test
  void aJavaWithClosedPackagesIsToldWhichToOpen() throws Exception {
    Process java =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    StartsWithoutFlags.class.getName()))
            .redirectErrorStream(true)
            .start();
    String output = new String(java.getInputStream().readAllBytes(), UTF_8);
    assertThat(java.waitFor()).as(output).isZero();
    assertThat(output)
        .contains("--add-opens=java.base/sun.nio.ch=ALL-UNNAMED")
        .contains("--add-opens=java.base/java.nio=ALL-UNNAMED")
        .contains("Add-Opens: java.base/java.lang ")
        .doesNotContain("IllegalAccessError");
  }

  static final class StartsWithoutFlags {
    public static void main(String[] args) {
      try {
        JvmRequirements.check();
      } catch (CallstreamException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
