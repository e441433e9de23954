package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
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
import org.jspecify.annotations.Nullable;

/**
 * Sends the records of sources to a topic.
 *
 * <p>A record's value is sent untouched. Its key is the call's id in UTF-8; a record that is no
 * call has the id that the format finds in it, if it finds one, and else none. Its timestamp is the
 * moment of sending. Records of one key go to one partition, and within a partition records stand
 * in the order of their source. The producer is idempotent and waits for all in-sync replicas, so
 * that a record that is reported as sent is in the topic once. The outcome of every record is
 * checked.
 *
 * <p>A source is read in a thread of its own, at most 8,192 records or 8 MiB ahead of what is sent.
 *
 * <p>{@link #send} is for one thread at a time; {@link #stop} and {@link #close} may be called from
 * any.
 */
public final class CallProducer implements AutoCloseable {
  /** How long after Kafka's delivery timeout the outcome of a record is still waited for. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final KafkaCluster cluster;
  private final String topic;
  private final Pace pace;
  private final LongConsumer progress;
  private final Ticker ticker;
  private final CallFormat format;
  private final KafkaProducer<byte[], byte[]> kafka;
  private final Duration outcomesWithin;
  private final ReentrantLock sending = new ReentrantLock();
  private volatile boolean stopped;

  private CallProducer(Builder builder, Map<String, Object> settings) {
    cluster = builder.cluster;
    topic = builder.topic;
    pace = builder.pace;
    progress = builder.progress;
    ticker = builder.ticker;
    format = builder.format;
    try {
      kafka = new KafkaProducer<>(settings);
      outcomesWithin =
          Duration.ofMillis(
                  Long.parseLong(
                      String.valueOf(settings.get(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG))))
              .plus(GRACE);
    } catch (KafkaException e) {
      throw new CallstreamException(
          ErrorCode.INVALID_ARGUMENT,
          "The Kafka settings do not make a producer: " + KafkaErrors.reason(e),
          e);
    }
  }

  /**
   * Starts a producer from what every one needs.
   *
   * @param topic must exist; {@link TopicAdmin#ensure} creates it
   * @param format tells the id and the event time of a record
   */
  public static Builder to(KafkaCluster cluster, String topic, CallFormat format) {
    return new Builder(cluster, topic, format);
  }

  /** Collects how a {@link CallProducer} sends. Not thread-safe. */
  public static final class Builder {
    private final KafkaCluster cluster;
    private final String topic;
    private final CallFormat format;
    private Pace pace = Pace.max();
    private LongConsumer progress = sent -> {};
    private Ticker ticker = Ticker.SYSTEM;

    private Builder(KafkaCluster cluster, String topic, CallFormat format) {
      this.cluster = cluster;
      this.topic = topic;
      this.format = format;
    }

    /** Sets how fast the producer sends; as fast as possible unless this is called. */
    public Builder pace(Pace pace) {
      this.pace = pace;
      return this;
    }

    /**
     * Has the number of records acknowledged so far told to {@code progress}: about ten times a
     * second while a source is sent, by a thread of Kafka's that must not be held up, and once when
     * it ends.
     */
    public Builder onProgress(LongConsumer progress) {
      this.progress = progress;
      return this;
    }

    Builder ticker(Ticker ticker) {
      this.ticker = ticker;
      return this;
    }

    /**
     * Connects to the cluster.
     *
     * @throws CallstreamException with {@link ErrorCode#INVALID_ARGUMENT} if a setting would break
     *     what the producer promises, {@link ErrorCode#BROKER_UNAVAILABLE} if no broker answers
     *     within ten seconds, {@link ErrorCode#TOPIC} if there is no such topic
     */
    public CallProducer connect() {
      Map<String, Object> settings = ProducerSettings.of(cluster);
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        admin.require(topic);
      }
      return new CallProducer(this, settings);
    }
  }

  /**
   * Sends all records of a source, and returns when each has its outcome, or after {@link #stop} or
   * an interrupt, whose flag it keeps.
   *
   * <p>A record that the broker refuses, such as one that is too large, does not keep others from
   * being sent. When the broker is gone for longer than Kafka's {@link
   * org.apache.kafka.clients.producer.ProducerConfig#DELIVERY_TIMEOUT_MS_CONFIG
   * delivery.timeout.ms} (30 seconds unless set otherwise), the sending ends.
   *
   * @return what became of the records; all that were read were sent
   * @throws IncompleteSendException if that is not so, or the source could not be read to its end;
   *     it says what became of the records
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
    InputChecker checker = new InputChecker();
    List<String> remarks = List.of();
    try (ReadAhead records = ReadAhead.start(source.open(), format, pace)) {
      try {
        List<ReadAhead.Read> taken = take(records, tally);
        while (!taken.isEmpty()) {
          for (int i = 0; i < taken.size() && !isToEnd() && !tally.isHopeless(); i++) {
            checker.add(taken.get(i).problem());
            sendOne(taken.get(i), tally, pacer);
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

  /** Returns the records that come next; none at the end, or if this is to end or hopeless. */
  private List<ReadAhead.Read> take(ReadAhead records, SendTally tally) {
    BooleanSupplier givenUp = () -> isToEnd() || tally.isHopeless();
    try {
      return givenUp.getAsBoolean() ? List.of() : records.take(givenUp);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  private void sendOne(ReadAhead.Read read, SendTally tally, Pacer pacer) {
    pacer.await(read.epochMillis());
    SendTally.Outcome outcome = tally.read(read.size());
    try {
      var ignored = kafka.send(new ProducerRecord<>(topic, read.key(), read.value()), outcome);
    } catch (InterruptException e) {
      // Kafka has set the thread's interrupt flag again.
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
          // The outcomes come within the delivery timeout; the caller sees the flag afterwards.
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
            : ", the first is record " + first.index() + ": " + first.reason(),
        report.ending() == Ending.BROKER_FAILED
            ? " The sending ended there; see that the broker runs and may be written to, and send"
                + " the rest (UnsentCalls, produce --resume)."
            : "");
  }

  /**
   * Ends a sending that is under way: no more records are sent, those that were get their outcomes,
   * and {@link #send} returns. Records that were read ahead are dropped. Later calls send nothing.
   */
  public void stop() {
    stopped = true;
  }

  /**
   * Stops, waits for a sending that is under way to return, and gives up the connection. Closing
   * again does nothing.
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
