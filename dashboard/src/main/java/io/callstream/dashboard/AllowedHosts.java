package io.callstream.dashboard;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The values of the {@code Host} header that a dashboard accepts. Other names are rejected because
 * a foreign web site may resolve its own name to this machine (DNS rebinding). IP addresses are
 * safe, because no web site can redirect them.
 */
final class AllowedHosts {
  private static final Pattern PORT = Pattern.compile(":\\d{1,5}$");
  private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}|\\[::1]");
  private static final Pattern ANY =
      Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+(%[\\w.-]+)?]");

  private final Pattern addresses;
  private final Set<String> names = new TreeSet<>(Set.of("localhost"));

  private AllowedHosts(Pattern addresses) {
    this.addresses = addresses;
  }

  /**
   * Returns the allowed hosts of a server; includes the name from which its address was created.
   */
  static AllowedHosts of(InetSocketAddress address, Collection<String> more) {
    InetAddress bound = address.getAddress();
    AllowedHosts hosts = new AllowedHosts(bound.isLoopbackAddress() ? LOOPBACK : ANY);
    more.forEach(hosts::add);
    if (!address.getHostString().equals(bound.getHostAddress())) {
      hosts.add(address.getHostString());
    }
    if (!bound.isLoopbackAddress()) {
      localHost().map(InetAddress::getHostName).ifPresent(hosts::add);
      localHost().map(InetAddress::getCanonicalHostName).ifPresent(hosts::add);
    }
    return hosts;
  }

  /** Returns the address of this machine; empty if its name cannot be resolved. */
  static Optional<InetAddress> localHost() {
    try {
      return Optional.of(InetAddress.getLocalHost());
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  private void add(String name) {
    names.add(name.toLowerCase(Locale.ROOT));
  }

  /** Returns whether a {@code Host} header, with or without a port, is allowed. */
  boolean allow(@Nullable String host) {
    if (host == null) {
      return false;
    }
    String name = PORT.matcher(host.toLowerCase(Locale.ROOT)).replaceFirst("");
    return names.contains(name) || addresses.matcher(name).matches();
  }

  /** Returns the allowed names for error messages. */
  @Override
  public String toString() {
    return String.join(", ", names) + " or the IP address";
  }
}
