package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.internal.kafka.KafkaErrors;
import io.callstream.kafka.SendReport.Ending;
import io.callstream.kafka.source.CallSource;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/**
 * Sends the records of a source to a topic.
 *
 * <p>The producer sends the value of a record unchanged. The key is the id of the call in UTF-8. If
 * a record cannot be parsed as a call, the key is the id that the format finds in it, or null if
 * the format finds none. The timestamp is the time of sending. Records with the same key go to the
 * same partition, and a partition keeps the order of the source. The producer is idempotent and
 * waits for all in-sync replicas, so a record that is reported as sent is in the topic exactly
 * once. The producer checks the outcome of every record.
 *
 * <p>A separate thread reads the source, at most 8,192 records or 8 MiB ahead of the sender.
 *
 * <p>Only one thread at a time may call {@link #send}. Any thread may call {@link #stop} and {@link
 * #close}.
 */
public final class CallProducer implements AutoCloseable {
  /** How long to wait for the outcome of a record after Kafka's delivery timeout has passed. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private static final List<Header> SYNTHETIC =
      List.of(new RecordHeader(CallSource.SYNTHETIC_HEADER, new byte[0]));

  private final KafkaCluster cluster;
  private final String topic;
  private final Pace pace;
  private final LongConsumer progress;
  private final WaitingClock ticker;
  private final CallFormat format;
  private final KafkaProducer<byte[], byte[]> kafka;
  private final Duration outcomesWithin;
  private final ReentrantLock sending = new ReentrantLock();
  private volatile boolean stopped;

  private CallProducer(Builder builder) {
    Map<String, Object> settings = builder.settings;
    cluster = builder.cluster;
    topic = builder.topic;
    pace = builder.pace;
    progress = builder.progress;
    ticker = builder.ticker;
    format = builder.format;
    outcomesWithin =
        Duration.ofMillis(
                Long.parseLong(
                    String.valueOf(settings.get(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG)).trim()))
            .plus(GRACE);
    kafka = ProducerSettings.producer(cluster, settings);
  }

  /**
   * Returns a builder for a producer with the required settings.
   *
   * @param topic must exist; {@link TopicAdmin#ensure} creates it
   * @param format finds the id and the event time of a record
   * @throws IllegalArgumentException if a setting of the cluster would break a guarantee of the
   *     producer, or if Kafka does not accept its value
   */
  public static Builder to(KafkaCluster cluster, String topic, CallFormat format) {
    return new Builder(cluster, topic, format);
  }

  /** Builds a {@link CallProducer}. Not thread-safe. */
  public static final class Builder {
    private final KafkaCluster cluster;
    private final String topic;
    private final CallFormat format;
    private final Map<String, Object> settings;
    private Pace pace = Pace.max();
    private LongConsumer progress = sent -> {};
    private WaitingClock ticker = WaitingClock.SYSTEM;

    private Builder(KafkaCluster cluster, String topic, CallFormat format) {
      this.cluster = cluster;
      this.topic = topic;
      this.format = format;
      settings = ProducerSettings.of(cluster);
      ProducerSettings.requireTimeouts(
          settings, "Lower linger.ms or request.timeout.ms, or raise delivery.timeout.ms");
    }

    /** Sets how fast the producer sends. Defaults to {@link Pace#max()}. */
    public Builder pace(Pace pace) {
      this.pace = pace;
      return this;
    }

    /**
     * Sets a listener for the number of records acknowledged so far. It is called about ten times a
     * second while a source is sent, by a thread of Kafka that it must not block, and once at the
     * end.
     */
    public Builder onProgress(LongConsumer progress) {
      this.progress = progress;
      return this;
    }

    Builder ticker(WaitingClock ticker) {
      this.ticker = ticker;
      return this;
    }

    /**
     * Connects to the cluster.
     *
     * @throws CallstreamException with {@link ErrorCode#BROKER_UNAVAILABLE} if no broker answers
     *     within at most ten seconds, or {@link ErrorCode#TOPIC} if the topic does not exist
     */
    public CallProducer connect() {
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        admin.require(topic);
      }
      return new CallProducer(this);
    }
  }

  /**
   * Sends all records of a source. The method returns when every record that was read has an
   * outcome. After {@link #stop} or an interrupt it returns early. It keeps the interrupt flag.
   *
   * <p>If the broker rejects a record, for example because it is too large, the producer still
   * sends the other records. Sending ends if the broker is unavailable for longer than Kafka's
   * {@link org.apache.kafka.clients.producer.ProducerConfig#DELIVERY_TIMEOUT_MS_CONFIG
   * delivery.timeout.ms}, which defaults to 30 seconds here.
   *
   * @return the outcomes of the records; all records that were read were sent
   * @throws IncompleteSendException if a record that was read was not sent, or if the source could
   *     not be read to its end; the exception contains the outcomes
   */
  public SendReport send(CallSource source) {
    sending.lock();
    try {
      return sendAll(source);
    } finally {
      sending.unlock();
    }
  }

  private SendReport sendAll(CallSource source) {
    SendTally tally = new SendTally(progress);
    Pacer pacer = new Pacer(pace, ticker, this::isToEnd);
    Ending ending = Ending.END_OF_SOURCE;
    CallstreamException inputFailure = null;
    long start = System.nanoTime();
    List<Header> headers = source.isSynthetic() ? SYNTHETIC : List.of();
    InputChecker checker = new InputChecker();
    List<String> remarks = List.of();
    try (ReadAhead records = ReadAhead.start(source.open(), format, pace)) {
      try {
        List<ReadAhead.Read> taken = take(records, tally);
        while (!taken.isEmpty()) {
          for (int i = 0; i < taken.size() && !isToEnd() && !tally.isHopeless(); i++) {
            checker.add(taken.get(i).problem());
            sendOne(taken.get(i), headers, tally, pacer);
          }
          taken = take(records, tally);
        }
      } finally {
        remarks = records.remarks();
      }
      ending = isToEnd() ? Ending.STOPPED : Ending.END_OF_SOURCE;
    } catch (CallstreamException e) {
      if (e.code() != ErrorCode.INPUT_FAILED) {
        throw e;
      }
      ending = Ending.SOURCE_FAILED;
      inputFailure = e;
    }
    awaitOutcomes(tally);
    if (tally.isHopeless()) {
      ending = Ending.BROKER_FAILED;
    }
    SendReport report =
        tally.report(ending, checker.report(remarks), Duration.ofNanos(System.nanoTime() - start));
    progress.accept(report.sent());
    Throwable firstFailure = tally.firstFailure();
    if (firstFailure != null) {
      throw new IncompleteSendException(
          ErrorCode.SEND_FAILED,
          failureMessage(source, report, firstFailure),
          firstFailure,
          report);
    }
    if (inputFailure != null) {
      throw new IncompleteSendException(
          ErrorCode.INPUT_FAILED,
          String.format(
              Locale.ROOT,
              "%s Records that were sent to topic %s before the failure: %,d.",
              inputFailure.getMessage(),
              topic,
              report.sent()),
          inputFailure,
          report);
    }
    return report;
  }

  private boolean isToEnd() {
    return stopped || Thread.currentThread().isInterrupted();
  }

  /**
   * Returns the next records. The list is empty at the end, after a stop or interrupt, and if no
   * further record could be sent.
   */
  private List<ReadAhead.Read> take(ReadAhead records, SendTally tally) {
    BooleanSupplier givenUp = () -> isToEnd() || tally.isHopeless();
    try {
      return givenUp.getAsBoolean() ? List.of() : records.take(givenUp);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  private void sendOne(ReadAhead.Read read, List<Header> headers, SendTally tally, Pacer pacer) {
    pacer.await(read.epochMillis());
    SendTally.Outcome outcome = tally.read(read.size());
    try {
      var ignored =
          kafka.send(new ProducerRecord<>(topic, null, read.key(), read.value(), headers), outcome);
    } catch (InterruptException e) {
      // Kafka has restored the interrupt flag of the thread.
      outcome.failed(e);
    } catch (KafkaException | IllegalStateException e) {
      outcome.failed(e);
    }
  }

  private void awaitOutcomes(SendTally tally) {
    boolean interrupted = Thread.interrupted();
    long deadline = System.nanoTime() + outcomesWithin.toNanos();
    try {
      while (true) {
        try {
          // Not flush(), which waits indefinitely if Kafka's thread has died.
          tally.awaitAll(deadline);
          return;
        } catch (InterruptException | InterruptedException e) {
          // The outcomes arrive within the delivery timeout. The caller sees the flag afterwards.
          interrupted = true;
          boolean ignored = Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private String failureMessage(CallSource source, SendReport report, Throwable firstFailure) {
    @Nullable SendFailure first = report.failures().isEmpty() ? null : report.failures().get(0);
    return String.format(
        "%d of the %d records read from %s could not be sent to topic %s at %s%s.%s",
        report.failed(),
        report.read(),
        source.name(),
        topic,
        cluster.bootstrapServers(),
        first == null
            ? ": " + KafkaErrors.reason(firstFailure)
            : ", the first is record "
                + (first.index() + 1)
                + ": "
                + first.reason().replaceAll("[.\\s]+$", ""),
        report.ending() == Ending.BROKER_FAILED
            ? " The sending ended there; see that the broker runs and may be written to, and send"
                + " the rest (UnsentCalls, produce --resume)."
            : "");
  }

  /**
   * Ends a running {@link #send}. The producer sends no further records, waits for the outcomes of
   * the records it has sent, and {@link #send} returns. It drops records that were read ahead.
   * Later calls of {@link #send} send nothing.
   */
  public void stop() {
    stopped = true;
  }

  /**
   * Stops, waits until a running {@link #send} has returned, and closes the connection. Closing
   * again has no effect.
   */
  @Override
  public void close() {
    stop();
    sending.lock();
    try {
      kafka.close(Duration.ofSeconds(30));
    } finally {
      sending.unlock();
    }
  }
}
