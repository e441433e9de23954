package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.kafka.KafkaErrors;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.net.ConnectTimeoutException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

class FailuresTest {
  @Test
  void aClusterThatGaveUpIsToldInOtherWordsThanThoseOfAStoppedContext() {
    Throwable ofSpark =
        new IllegalStateException(
            "Cannot call methods on a stopped SparkContext.\nThis stopped SparkContext was created at:");
    CallstreamException failure = new Failures("state").of(new RuntimeException(ofSpark));
    assertThat(failure.code()).isEqualTo(ErrorCode.ENGINE_FAILED);
    assertThat(failure)
        .hasMessageStartingWith("Spark has ended under the run")
        .hasMessageEndingWith("Start again with the same checkpoint: nothing is lost.")
        .hasRootCause(ofSpark);
  }

  @Test
  void aRejectedLoginHasTheTextOfAllReadersOfKafka() {
    Throwable ofKafka = new SaslAuthenticationException("invalid credentials");
    CallstreamException failure = new Failures("state").of(new RuntimeException(ofKafka));
    assertThat(failure.code()).isEqualTo(ErrorCode.BROKER_UNAVAILABLE);
    assertThat(failure)
        .hasMessage(
            KafkaErrors.reason(ofKafka)
                + ". Start again with the same checkpoint: nothing is lost.")
        .hasMessageContaining("Check user name and password in sasl.jaas.config")
        .hasRootCause(ofKafka);
  }

  @Test
  void aJobThatEndedBecauseNoMasterAnsweredIsToldInTheSameWords() {
    Throwable ofSpark =
        new SparkException("Job 0 cancelled because SparkContext was shut down", null);
    assertThat(new Failures("state").of(new IllegalStateException(ofSpark)))
        .hasMessageStartingWith("Spark has ended under the run: no master answers");
  }

  @Test
  void partialResultsThatAreTooLargeForTheDriverNameTheSetting() {
    Throwable ofSpark =
        new SparkException(
            "Job aborted due to stage failure: Total size of serialized results of 2 tasks (1.9"
                + " GiB) is bigger than spark.driver.maxResultSize (1024.0 MiB)",
            null);
    CallstreamException failure = new Failures("state").of(new RuntimeException(ofSpark));
    assertThat(failure.code()).isEqualTo(ErrorCode.ENVIRONMENT);
    assertThat(failure)
        .hasMessageContaining("2 tasks (1.9 GiB)")
        .hasMessageContaining("Set spark.driver.maxResultSize to a larger size")
        .hasMessageContaining("keep results in the executors")
        .hasRootCause(ofSpark);
  }

  /** If an archive of RocksDB is missing, Spark requests the next best file. */
  @Test
  void aFileOfTheStateThatIsMissingIsADamageOfTheCheckpoint() {
    Throwable ofSpark =
        new FileNotFoundException("file:/var/checkpoint/state/1/1/2.changelog does not exist");
    CallstreamException failure = new Failures("/var/checkpoint").of(new RuntimeException(ofSpark));
    assertThat(failure.code()).isEqualTo(ErrorCode.CHECKPOINT);
    assertThat(failure)
        .hasMessageStartingWith(
            "The checkpoint directory /var/checkpoint is damaged: a file of the state is missing")
        .hasMessageContaining("2.changelog does not exist")
        .hasMessageNotContaining("nothing is lost");
  }

  @Test
  void aTableOfRocksDbWithAnotherLengthIsADamageOfTheCheckpoint() {
    IllegalStateException ofSpark =
        new IllegalStateException("Copied file:/x/1.sst to /y, expected 7 bytes, found 10 bytes ");
    ofSpark.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "org.apache.spark.sql.execution.streaming.state.RocksDBFileManager",
              "loadImmutableFilesFromDfs",
              null,
              1)
        });
    CallstreamException failure = new Failures("/x").of(new RuntimeException(ofSpark));
    assertThat(failure.code()).isEqualTo(ErrorCode.CHECKPOINT);
    assertThat(failure)
        .hasMessageStartingWith("The checkpoint directory /x is damaged")
        .hasMessageContaining("expected 7 bytes, found 10 bytes");
  }

  /** Spark copies RocksDB's tables through Hadoop, whose local file system verifies them. */
  @Test
  void aChecksumThatHadoopFindsWrongIsADamageOnlyInAFileOfTheState() {
    ChecksumException ofHadoop = new ChecksumException("Checksum error: file:/x/1.sst at 0", 0);
    ofHadoop.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "org.apache.spark.sql.execution.streaming.state.RocksDBFileManager",
              "loadImmutableFilesFromDfs",
              null,
              1)
        });
    CallstreamException ofState = new Failures("/x").of(new RuntimeException(ofHadoop));
    assertThat(ofState.code()).isEqualTo(ErrorCode.CHECKPOINT);
    assertThat(ofState)
        .hasMessageStartingWith("The checkpoint directory /x is damaged")
        .hasMessageContaining("1.sst at 0");

    ofHadoop.setStackTrace(new StackTraceElement[0]);
    assertThat(new Failures("/x").of(new RuntimeException(ofHadoop)))
        .hasMessageNotContaining("is damaged");
  }

  @Test
  void aFailureOfAnObjectStoreIsOneOfTheCheckpointIfItsFilesWereUsed() {
    IOException ofStore = new IOException("Unable to execute HTTP request");
    CallstreamException elsewhere = new Failures("s3a://b/x").of(new RuntimeException(ofStore));
    assertThat(elsewhere.code()).isEqualTo(ErrorCode.ENGINE_FAILED);

    ofStore.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "io.callstream.spark.ChecksummedFileManager", "createAtomic", null, 1)
        });
    CallstreamException ofFile = new Failures("s3a://b/x").of(new RuntimeException(ofStore));
    assertThat(ofFile.code()).isEqualTo(ErrorCode.CHECKPOINT);
    assertThat(ofFile)
        .hasMessageStartingWith("A file of the checkpoint directory s3a://b/x can't be read or")
        .hasMessageContaining("Unable to execute HTTP request");
  }

  @Test
  void aTimeoutOfTheNetworkIsNotAnInterrupt() {
    assertThat(Failures.isInterrupt(new RuntimeException(new InterruptedIOException()))).isTrue();
    assertThat(Failures.isInterrupt(new IOException(new SocketTimeoutException()))).isFalse();
    assertThat(Failures.isInterrupt(new ConnectTimeoutException("20000 ms"))).isFalse();
  }
}
