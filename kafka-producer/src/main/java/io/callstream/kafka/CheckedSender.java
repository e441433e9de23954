package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.kafka.KafkaErrors;
import io.callstream.kafka.SendReport.Ending;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Sends the records of a sink to a topic and checks the outcome of each. Not thread-safe. */
final class CheckedSender implements AutoCloseable {
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  private final KafkaCluster cluster;
  private final String topic;
  private final KafkaProducer<byte[], byte[]> kafka;
  private final Acknowledged firstPartition = new Acknowledged();
  private SendTally tally = new SendTally(sent -> {});

  /**
   * The offsets that Kafka assigned to the records of this sender in partition 0. The offsets have
   * gaps if another sender has written to the partition in between. Thread-safe.
   */
  static final class Acknowledged {
    private long first = -1;
    private long last = -1;
    private long count;

    private synchronized void add(RecordMetadata metadata) {
      if (metadata.partition() == 0 && metadata.hasOffset()) {
        first = count == 0 ? metadata.offset() : Math.min(first, metadata.offset());
        last = Math.max(last, metadata.offset());
        count++;
      }
    }

    synchronized boolean hasGaps() {
      return count > 0 && last - first + 1 != count;
    }

    synchronized long first() {
      return first;
    }

    synchronized long last() {
      return last;
    }

    /** Restarts with the last offset. The next record is expected directly after it. */
    synchronized void restart() {
      first = last;
      count = count == 0 ? 0 : 1;
    }
  }

  Acknowledged firstPartition() {
    return firstPartition;
  }

  CheckedSender(KafkaCluster cluster, String topic, Map<String, Object> settings) {
    this.cluster = cluster;
    this.topic = topic;
    kafka = ProducerSettings.producer(cluster, settings);
  }

  void send(byte[] key, byte @Nullable [] value, List<Header> headers) {
    send(new ProducerRecord<>(topic, null, key, value, headers));
  }

  /** Sends a record. Throws if an earlier failure shows that no further record can be sent. */
  void send(ProducerRecord<byte[], byte[]> row) {
    if (tally.isHopeless()) {
      await();
    }
    SendTally.Outcome outcome = tally.read(0);
    try {
      var ignored =
          kafka.send(
              row,
              (metadata, failure) -> {
                if (failure == null) {
                  firstPartition.add(metadata);
                }
                outcome.onCompletion(metadata, failure);
              });
    } catch (InterruptException e) {
      throw interrupted(e);
    } catch (KafkaException | IllegalStateException e) {
      outcome.failed(e);
    }
  }

  /**
   * Waits until all records sent since the last call are acknowledged.
   *
   * @throws CallstreamException with {@link ErrorCode#SINK_FAILED} if a record was not
   *     acknowledged, or if this thread is interrupted
   */
  void await() {
    SendTally all = tally;
    try {
      kafka.flush();
      // Kafka has all outcomes now, but the last callbacks may still be running.
      all.awaitAll(System.nanoTime() + CLOSE_PATIENCE.toNanos());
    } catch (InterruptException e) {
      throw interrupted(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    }
    tally = new SendTally(sent -> {});
    Throwable failure = all.firstFailure();
    if (failure != null) {
      if (isFenced(failure)) {
        throw fenced(failure);
      }
      SendReport report =
          all.report(Ending.BROKER_FAILED, new InputChecker().report(List.of()), Duration.ZERO);
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          String.format(
              "%d of %d records of a batch did not reach the topic %s at %s: %s.%s Nothing is lost:"
                  + " the batch is repeated when the pipeline is started again.",
              report.failed(),
              report.read(),
              topic,
              cluster.bootstrapServers(),
              KafkaErrors.reason(failure),
              all.isHopeless()
                  ? " See that the brokers run, and that the topic may be written."
                  : " Raise max.message.bytes of the topic and max.request.size of the client."),
          failure);
    }
  }

  /** A step of a transaction. */
  private interface Step {
    void take();
  }

  /**
   * Prevents all earlier producers with the same transactional id from writing, and aborts what
   * they have not committed.
   */
  void fenceEarlier() {
    take(kafka::initTransactions);
  }

  void begin() {
    take(kafka::beginTransaction);
  }

  /** Commits the transaction when all its records are acknowledged. */
  void commit() {
    await();
    take(kafka::commitTransaction);
  }

  /** Aborts the transaction, without waiting for its records. */
  void abort() {
    tally = new SendTally(sent -> {});
    take(kafka::abortTransaction);
  }

  private void take(Step step) {
    try {
      step.take();
    } catch (InterruptException e) {
      throw interrupted(e);
    } catch (KafkaException e) {
      if (isFenced(e)) {
        throw fenced(e);
      }
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "A transaction in the topic "
              + topic
              + " at "
              + cluster.bootstrapServers()
              + " failed: "
              + KafkaErrors.reason(e)
              + ". See that the brokers run, and that transaction.timeout.ms is longer than a task"
              + " and within the brokers' transaction.max.timeout.ms. Nothing is lost: the batch is"
              + " repeated.",
          e);
    }
  }

  private static boolean isFenced(Throwable failure) {
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof ProducerFencedException
          || cause instanceof InvalidProducerEpochException) {
        return true;
      }
    }
    return false;
  }

  private CallstreamException fenced(Throwable failure) {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "A later attempt or run writes the same results to the topic "
            + topic
            + ", so this one can't write there anymore. Nothing is lost: the later one writes the"
            + " batch.",
        failure);
  }

  private CallstreamException interrupted(Exception e) {
    tally = new SendTally(sent -> {});
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "The sink of topic "
            + topic
            + " was interrupted before all of a batch was acknowledged. Nothing is lost: the batch"
            + " is repeated when the pipeline is started again.",
        e);
  }

  @Override
  public void close() {
    // All records of a completed batch are acknowledged. After an interrupt or a failure, the
    // pending records need not be sent.
    boolean interrupted = Thread.interrupted();
    try {
      kafka.close(CLOSE_PATIENCE);
    } catch (KafkaException e) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "The producer of topic " + topic + " does not close: " + KafkaErrors.reason(e),
          e);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
