package io.callstream.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.Pace;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The other end of {@link Traffic}: sends calls in a process of its own, beside a broker of its own
 * unless one is given, so that neither stands in the way of what is measured. It does what lines on
 * its standard input say, answers each with a line, and ends when its standard input does.
 */
final class TrafficProcess {
  static final String EMBEDDED = "embedded";

  /**
   * What is said to calls that wait for their schedule, with the microseconds until it begins;
   * anything else sends them away.
   */
  static final String BEGIN = "begin ";

  /** What ends calls that are sent by schedule. */
  static final String STOP = "stop";

  static final String FAILED = "failed ";

  /** Sleeping is not exact: the rest is waited for by looking at the clock. */
  private static final long SPIN_MICROS = 300;

  private static final long LEAD_MICROS = 100_000;
  private static final int CALLS_PER_LOOK = 256;
  private static final int BATCH_BYTES = 64 << 10;

  private final KafkaCluster cluster;
  private final BufferedReader commands;
  private final PrintStream answers;

  private TrafficProcess(KafkaCluster cluster, BufferedReader commands, PrintStream answers) {
    this.cluster = cluster;
    this.commands = commands;
    this.answers = answers;
  }

  public static void main(String[] args) throws IOException {
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    PrintStream answers = new PrintStream(System.out, true, UTF_8);
    CountDownLatch served = new CountDownLatch(1);
    // A terminal sends its Ctrl-C to this process too, and the other one decides what becomes of
    // it.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> awaitUnlessInterrupted(served)));
    try {
      if (!args[0].equals(EMBEDDED)) {
        serve(args[0], commands, answers);
        return;
      }
      try (EmbeddedBroker broker = EmbeddedBroker.start()) {
        serve(broker.bootstrapServers(), commands, answers);
      }
    } finally {
      served.countDown();
    }
  }

  private static void awaitUnlessInterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void serve(String servers, BufferedReader commands, PrintStream answers)
      throws IOException {
    answers.println(servers);
    new TrafficProcess(KafkaCluster.at(servers), commands, answers).serve();
  }

  private void serve() throws IOException {
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      if (line.equals(STOP)) {
        continue; // It came when all was sent.
      }
      try {
        answers.println(obey(line.split(" ")));
      } catch (RuntimeException | ExecutionException e) {
        answers.println(FAILED + String.valueOf(e.getMessage()).replace('\n', ' '));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private String obey(String[] words) throws IOException, ExecutionException, InterruptedException {
    switch (words[0]) {
      case "create" -> {
        try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
          admin.ensure(words[1], Integer.parseInt(words[2]), 1);
        }
      }
      case "delete" -> {
        try (Admin admin = Admin.create(servers())) {
          admin.deleteTopics(List.of(words[1])).all().get();
        }
      }
      case "fill" -> {
        long calls = Long.parseLong(words[2]);
        fill(words[1], new SteadyCalls.First(calls, Long.parseLong(words[3])), Pace.max());
      }
      case "mess" -> mess(words[1], Long.parseLong(words[2]), Double.parseDouble(words[3]));
      case "steady" -> {
        return steady(
            words[1],
            Integer.parseInt(words[2]),
            Integer.parseInt(words[3]),
            Double.parseDouble(words[4]),
            Long.parseLong(words[5]),
            Long.parseLong(words[6]));
      }
      default -> throw new IllegalArgumentException("'" + words[0] + "' is no command");
    }
    return "done";
  }

  private Map<String, Object> servers() {
    return Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, cluster.bootstrapServers());
  }

  private void fill(String topic, CallSource calls, Pace pace) {
    try (CallProducer producer =
        CallProducer.to(cluster, topic, SteadyCalls.format()).pace(pace).connect()) {
      producer.send(calls);
    }
  }

  /** Sends disordered, repeated and damaged calls until the process ends. */
  private void mess(String topic, long calls, double rate) {
    SyntheticCalls messy =
        SyntheticCalls.of(calls).withDisorder(0.02).withDuplicates(0.01).withGarbage(0.001);
    Thread sending = new Thread(() -> fill(topic, messy, Pace.perSecond(rate)), "traffic");
    // Without traffic all lines are flat.
    sending.setUncaughtExceptionHandler(
        (thread, failure) -> {
          System.err.println(failure);
          Runtime.getRuntime().halt(1);
        });
    sending.setDaemon(true);
    sending.start();
  }

  /**
   * Sends some calls at once, and when the other end says that it is ready, one after the other by
   * schedule.
   *
   * @param uncountedMicros for how long from the schedule's start it does not matter how late it is
   * @param mostLateMicros how late it may be afterwards; it breaks off when it is later
   * @return by how many microseconds the sender was behind the schedule at most; told as soon as
   *     the broker has them all, it breaks off, or the other end says stop
   */
  @SuppressWarnings("FutureReturnValueIgnored") // The callback checks.
  private String steady(
      String topic, int first, int calls, double rate, long uncountedMicros, long mostLateMicros)
      throws IOException {
    SteadyCalls.Types types = new SteadyCalls.Types();
    AtomicReference<Exception> failure = new AtomicReference<>();
    try (KafkaProducer<byte[], byte[]> producer = producer();
        CallRecords records = SteadyCalls.of((long) first + calls).open()) {
      int partitions = producer.partitionsFor(topic).size();
      Callback check =
          (metadata, e) -> {
            if (e != null) {
              failure.set(e);
            }
          };
      for (int i = 0; i < first; i++) {
        producer.send(record(topic, partitions, types, records.next()), check);
      }
      producer.flush();
      answers.println("ready");
      String command = commands.readLine();
      if (command == null || !command.startsWith(BEGIN)) {
        return "cancelled";
      }
      long offset = Long.parseLong(command.substring(BEGIN.length()));
      Schedule schedule = new Schedule(Schedule.nowMicros() + LEAD_MICROS + offset, rate);
      answers.println(schedule.startMicros());
      long counts = schedule.startMicros() + uncountedMicros;
      long lateMicros = 0;
      long lastDue = schedule.startMicros();
      for (int i = 0; i < calls; i++) {
        ProducerRecord<byte[], byte[]> record = record(topic, partitions, types, records.next());
        lastDue = schedule.dueMicros(i);
        long late = await(lastDue);
        if (lastDue >= counts) {
          lateMicros = Math.max(lateMicros, late);
        }
        if (lateMicros > mostLateMicros) {
          producer.close(Duration.ZERO); // Nobody wants what it has not sent yet.
          return Long.toString(lateMicros);
        }
        producer.send(record, check);
        if (i % CALLS_PER_LOOK == 0 && commands.ready()) {
          String ignored = commands.readLine(); // It can only be STOP.
          break;
        }
      }
      producer.flush(); // What the producer had yet to hand over was no less late.
      if (lastDue >= counts) {
        lateMicros = Math.max(lateMicros, Schedule.nowMicros() - lastDue);
      }
      Exception unsent = failure.get();
      if (unsent != null) {
        throw new IllegalStateException("A call could not be sent: " + unsent, unsent);
      }
      return Long.toString(lateMicros);
    }
  }

  private static ProducerRecord<byte[], byte[]> record(
      String topic, int partitions, SteadyCalls.Types types, byte[] value) {
    int partition = Math.floorMod(types.of(value).hashCode(), partitions);
    return new ProducerRecord<>(topic, partition, null, value);
  }

  /** Waits for a moment, and returns by how many microseconds it was missed. */
  private static long await(long micros) {
    long left = micros - Schedule.nowMicros();
    while (left > 0) {
      if (left > SPIN_MICROS) {
        LockSupport.parkNanos((left - SPIN_MICROS / 2) * 1_000);
      } else {
        Thread.onSpinWait();
      }
      left = micros - Schedule.nowMicros();
    }
    return -left;
  }

  private KafkaProducer<byte[], byte[]> producer() {
    return new KafkaProducer<>(
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            cluster.bootstrapServers(),
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
