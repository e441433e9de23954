package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.examples.cli.StopRequest.Registration;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.IncompleteSendException;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.SendReport;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicInfo;
import io.callstream.kafka.UnsentCalls;
import io.callstream.kafka.source.CallSource;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Sends the records of a source to a topic and shows the progress. The user can interrupt it. */
final class SendTask {
  private final Terminal terminal;
  private final StopRequest interruption;
  private final KafkaCluster cluster;
  private final String topic;

  SendTask(Terminal terminal, StopRequest interruption, KafkaCluster cluster, String topic) {
    this.terminal = terminal;
    this.interruption = interruption;
    this.cluster = cluster;
    this.topic = topic;
  }

  /**
   * Creates the topic if it does not exist, and returns its description.
   *
   * @param partitions the required number of partitions; null if any number is valid and a new
   *     topic gets the default
   */
  TopicInfo ensureTopic(@Nullable Integer partitions, int replicas) {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      if (partitions == null) {
        var existing = admin.describe(topic);
        if (existing.isPresent()) {
          return existing.get();
        }
      }
      return admin.ensure(
          topic, partitions == null ? CallOptions.DEFAULT_PARTITIONS : partitions, replicas);
    }
  }

  /**
   * Sends all records.
   *
   * @param pointless is called from time to time; returns whether to give up
   * @return the result. An interrupted sending is reported as stopped.
   */
  @SuppressWarnings("try")
  SendReport send(
      CallSource source, CallFormat format, CallOptions calls, BooleanSupplier pointless) {
    Meter meter =
        source.size().isPresent()
            ? Meter.of(terminal, "produced", source.size().getAsLong())
            : Meter.late(terminal, "produced");
    InputAdvice advice = new InputAdvice(terminal, format, calls.sorts(source));
    SendReport report;
    try (meter;
        CallProducer producer =
            calls.producer(cluster, topic, format).onProgress(meter::show).connect();
        Registration ignored = interruption.onRequest(producer::stop)) {
      report = sendAll(producer, source, pointless);
    } catch (IncompleteSendException e) {
      SendReport part = e.report();
      if (part != null) {
        advice.give(part);
      }
      throw e;
    }
    terminal.say(
        "sent      %s (%,.1f MB) to topic %s in %s%s",
        DisplayText.records(report.sent()),
        report.bytes() / 1e6,
        topic,
        DisplayText.seconds(report.duration()),
        report.ending() == SendReport.Ending.END_OF_SOURCE ? "" : ", then interrupted");
    boolean ended = report.ending() == SendReport.Ending.END_OF_SOURCE;
    if (ended && report.read() == 0 && !(source instanceof UnsentCalls)) {
      terminal.warn("input     %s has no records", source.name());
    }
    advice.give(report);
    return report;
  }

  /**
   * Rejects an input without any call. It is most likely the wrong file, or has another layout or
   * format.
   */
  void requireCalls(SendReport report, CallSource source, CallFormat format) {
    if (report.isWithoutCalls() && report.ending() == SendReport.Ending.END_OF_SOURCE) {
      throw new CallstreamException(
          ErrorCode.INPUT_FAILED,
          DisplayText.format(
              "None of the %,d records of %s is a call of the format %s. They were sent to topic %s"
                  + " as they are. Check that it is the right file, and --layout and --format.",
              report.read(), source.name(), format.name(), topic));
    }
  }

  private SendReport sendAll(CallProducer producer, CallSource source, BooleanSupplier pointless) {
    Thread watch =
        DaemonThreads.start("callstream-watch", () -> stopWhenPointless(producer, pointless));
    try {
      return producer.send(source);
    } catch (IncompleteSendException e) {
      // Standard input that was given up looks like standard input that failed.
      if (interruption.isRequested() && e.report() != null && e.report().failed() == 0) {
        return e.report();
      }
      throw e;
    } finally {
      watch.interrupt();
    }
  }

  private static void stopWhenPointless(CallProducer producer, BooleanSupplier pointless) {
    try {
      while (!pointless.getAsBoolean()) {
        Thread.sleep(500);
      }
      producer.stop();
    } catch (InterruptedException e) {
      // The sending has ended.
      Thread.currentThread().interrupt();
    }
  }
}
