package io.callstream.runtime;

import java.util.Optional;
import java.util.regex.Pattern;

/** Looks at addresses of brokers as users write them, before Kafka does. */
public final class BootstrapServers {
  private static final Pattern ADDRESS = Pattern.compile("[^\\s,]+:\\d{1,5}");

  private BootstrapServers() {}

  /** Returns what is wrong with {@code host:port[,host:port...]}, or empty if nothing is. */
  public static Optional<String> fault(String servers) {
    for (String server : servers.split(",", -1)) {
      if (!ADDRESS.matcher(server.strip()).matches()) {
        return Optional.of(
            "'"
                + server.strip()
                + "' is no address of a Kafka broker; write host:port, such as localhost:9092,"
                + " and commas between several");
      }
    }
    return Optional.empty();
  }
}
