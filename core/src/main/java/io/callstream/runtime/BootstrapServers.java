package io.callstream.runtime;

import java.util.regex.Pattern;

/** Looks at addresses of brokers as users write them, before Kafka does. */
public final class BootstrapServers {
  private static final Pattern ADDRESS = Pattern.compile("[^\\s,]+:\\d{1,5}");

  private BootstrapServers() {}

  /**
   * Returns addresses as they are, {@code host:port[,host:port...]}.
   *
   * @throws IllegalArgumentException if one of them is not of that form
   */
  public static String require(String servers) {
    for (String server : servers.split(",", -1)) {
      if (!ADDRESS.matcher(server.strip()).matches()) {
        throw new IllegalArgumentException(
            "'"
                + server.strip()
                + "' is no address of a Kafka broker; write host:port, such as localhost:9092,"
                + " and commas between several");
      }
    }
    return servers;
  }
}
