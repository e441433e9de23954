package io.callstream.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.CallRecords;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The main class of the process that sends calls, see {@link Traffic}. A separate process keeps the
 * sender and the broker out of the heap of the engine. It reads commands from standard input, one
 * per line, replies to each on standard output, and ends at the end of its input.
 */
final class TrafficProcess {
  /** The argument that starts an embedded broker. */
  static final String EMBEDDED = "embedded";

  /** The command that sends calls as fast as possible; the topic and a number of calls follow. */
  static final String FILL = "fill ";

  /** The command that prepares a steady load; the arguments of {@link #steady} follow. */
  static final String STEADY = "steady ";

  /** The command that starts the schedule; a number of microseconds follows. */
  static final String BEGIN = "begin ";

  /** The command that stops a running schedule, or is sent instead of {@link #BEGIN}. */
  static final String STOP = "stop";

  /** The start of a reply about a failure. */
  static final String FAILED = "failed ";

  /** The time before a call for which the sender spins, because sleeping is not exact. */
  private static final long SPIN_MICROS = 300;

  private static final long LEAD_MICROS = 100_000;
  private static final int CALLS_PER_STOP_CHECK = 256;
  private static final int BATCH_BYTES = 64 << 10;

  private final String bootstrapServers;
  private final BufferedReader commands;
  private final PrintStream replies;

  private TrafficProcess(String bootstrapServers, BufferedReader commands, PrintStream replies) {
    this.bootstrapServers = bootstrapServers;
    this.commands = commands;
    this.replies = replies;
  }

  public static void main(String[] args) throws IOException {
    CountDownLatch served = new CountDownLatch(1);
    // Ctrl-C in a terminal also signals this process, but the other process decides when it ends.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> awaitUninterrupted(served)));
    try {
      if (args[0].equals(EMBEDDED)) {
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
          serve(broker.bootstrapServers());
        }
      } else {
        serve(args[0]);
      }
    } finally {
      served.countDown();
    }
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void serve(String servers) throws IOException {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    PrintStream replies = new PrintStream(System.out, true, UTF_8);
    replies.println(servers);
    new TrafficProcess(servers, commands, replies).serve();
  }

  private void serve() throws IOException {
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      if (line.equals(STOP)) {
        continue; // The schedule had already ended.
      }
      try {
        String[] words = line.split(" ", -1);
        replies.println(
            line.startsWith(FILL)
                ? fill(words[1], Long.parseLong(words[2]))
                : steady(
                    words[1],
                    Integer.parseInt(words[2]),
                    Integer.parseInt(words[3]),
                    Double.parseDouble(words[4]),
                    Long.parseLong(words[5]),
                    Long.parseLong(words[6])));
      } catch (RuntimeException e) {
        replies.println(FAILED + String.valueOf(e.getMessage()).replace('\n', ' '));
      }
    }
  }

  private String fill(String topic, long calls) {
    KafkaCluster cluster = KafkaCluster.at(bootstrapServers);
    try (CallProducer producer = CallProducer.to(cluster, topic, SteadyCalls.format()).connect()) {
      producer.send(SteadyCalls.of(calls));
    }
    return "done";
  }

  /**
   * Sends some calls immediately, and the others according to a schedule after {@link #BEGIN}.
   *
   * @param unscheduled the number of calls to send immediately
   * @param uncountedMicros the time after the start of the schedule in which delays do not matter
   * @param maxDelayMicros the maximum delay after that time; beyond it, the sender ends
   * @return the maximum delay in microseconds, when the broker has all calls, or the sender ended
   *     early
   */
  @SuppressWarnings("FutureReturnValueIgnored") // The callback checks.
  private String steady(
      String topic,
      int unscheduled,
      int calls,
      double rate,
      long uncountedMicros,
      long maxDelayMicros)
      throws IOException {
    SteadyCalls.TypeReader types = new SteadyCalls.TypeReader();
    AtomicReference<Exception> failure = new AtomicReference<>();
    Callback check =
        (metadata, e) -> {
          if (e != null) {
            failure.set(e);
          }
        };
    try (KafkaProducer<byte[], byte[]> producer = producer();
        CallRecords records = SteadyCalls.of((long) unscheduled + calls).open()) {
      int partitions = producer.partitionsFor(topic).size();
      for (int i = 0; i < unscheduled; i++) {
        producer.send(record(topic, partitions, types, records.next()), check);
      }
      producer.flush();
      replies.println("ready");
      String command = commands.readLine();
      if (command == null || !command.startsWith(BEGIN)) {
        return "cancelled";
      }
      long startDelay = Long.parseLong(command.substring(BEGIN.length()));
      Schedule schedule = new Schedule(Schedule.nowMicros() + LEAD_MICROS + startDelay, rate);
      replies.println(schedule.startMicros());
      long countedFrom = schedule.startMicros() + uncountedMicros;
      long maxDelay = 0;
      long lastDue = schedule.startMicros();
      for (int i = 0; i < calls; i++) {
        ProducerRecord<byte[], byte[]> record = record(topic, partitions, types, records.next());
        lastDue = schedule.dueMicros(i);
        long delay = awaitTime(lastDue);
        if (lastDue >= countedFrom) {
          maxDelay = Math.max(maxDelay, delay);
        }
        if (maxDelay > maxDelayMicros) {
          producer.close(Duration.ZERO); // Discards the calls that it has not sent yet.
          return Long.toString(maxDelay);
        }
        producer.send(record, check);
        if (i % CALLS_PER_STOP_CHECK == 0 && commands.ready()) {
          String ignored = commands.readLine(); // The only command here is STOP.
          break;
        }
      }
      producer.flush(); // Calls that the producer had buffered were delayed, too.
      if (lastDue >= countedFrom) {
        maxDelay = Math.max(maxDelay, Schedule.nowMicros() - lastDue);
      }
      Exception unsent = failure.get();
      if (unsent != null) {
        throw new IllegalStateException("A call could not be sent: " + unsent, unsent);
      }
      return Long.toString(maxDelay);
    }
  }

  private static ProducerRecord<byte[], byte[]> record(
      String topic, int partitions, SteadyCalls.TypeReader types, byte[] value) {
    int partition = Math.floorMod(types.typeOf(value).hashCode(), partitions);
    return new ProducerRecord<>(topic, partition, null, value);
  }

  /** Waits until a time, and returns the delay in microseconds. */
  private static long awaitTime(long micros) {
    long remaining = micros - Schedule.nowMicros();
    while (remaining > 0) {
      if (remaining > SPIN_MICROS) {
        LockSupport.parkNanos((remaining - SPIN_MICROS / 2) * 1_000);
      } else {
        Thread.onSpinWait();
      }
      remaining = micros - Schedule.nowMicros();
    }
    return -remaining;
  }

  private KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrapServers,
            ProducerConfig.ACKS_CONFIG,
            "all",
            ProducerConfig.COMPRESSION_TYPE_CONFIG,
            "lz4",
            ProducerConfig.LINGER_MS_CONFIG,
            0,
            ProducerConfig.BATCH_SIZE_CONFIG,
            BATCH_BYTES),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }
}
