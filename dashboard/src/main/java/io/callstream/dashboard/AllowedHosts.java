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
 * The names that a dashboard may be asked for under. Any other may be that of a foreign site, which
 * has it stand for this machine (DNS rebinding); an address can't be a foreign site's.
 */
final class Hosts {
  private static final Pattern PORT = Pattern.compile(":\\d{1,5}$");
  private static final Pattern LOOPBACK = Pattern.compile("127(\\.\\d{1,3}){3}|\\[::1]");
  private static final Pattern ANY =
      Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.]+(%[\\w.-]+)?]");

  private final Pattern addresses;
  private final Set<String> names = new TreeSet<>(Set.of("localhost"));

  private Hosts(Pattern addresses) {
    this.addresses = addresses;
  }

  /**
   * Returns those of a server.
   *
   * @param address where it is bound; with the name of that address, if one was given
   * @param more further names
   */
  static Hosts of(InetSocketAddress address, Collection<String> more) {
    InetAddress bound = address.getAddress();
    Hosts hosts = new Hosts(bound.isLoopbackAddress() ? LOOPBACK : ANY);
    more.forEach(hosts::add);
    if (!address.getHostString().equals(bound.getHostAddress())) {
      hosts.add(address.getHostString());
    }
    if (!bound.isLoopbackAddress()) {
      machine().map(InetAddress::getHostName).ifPresent(hosts::add);
      machine().map(InetAddress::getCanonicalHostName).ifPresent(hosts::add);
    }
    return hosts;
  }

  /** Returns this machine; empty if it does not know its own name. */
  static Optional<InetAddress> machine() {
    try {
      return Optional.of(InetAddress.getLocalHost());
    } catch (UnknownHostException e) {
      return Optional.empty();
    }
  }

  private void add(String name) {
    names.add(name.toLowerCase(Locale.ROOT));
  }

  /** Returns whether a request may be for this host, which may have a port. */
  boolean allow(@Nullable String host) {
    if (host == null) {
      return false;
    }
    String name = PORT.matcher(host.toLowerCase(Locale.ROOT)).replaceFirst("");
    return names.contains(name) || addresses.matcher(name).matches();
  }

  @Override
  public String toString() {
    return String.join(", ", names) + " or the address";
  }
}
