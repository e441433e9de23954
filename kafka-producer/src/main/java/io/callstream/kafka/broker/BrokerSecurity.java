package io.callstream.kafka.broker;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.jspecify.annotations.Nullable;

/** The security requirements of a broker for its clients. */
record BrokerSecurity(@Nullable Store keys, @Nullable Store trusted, Map<String, String> users) {
  static final BrokerSecurity NONE = new BrokerSecurity(null, null, Map.of());

  private static final Pattern USER = Pattern.compile("[a-zA-Z0-9._-]{1,100}");
  private static final int ITERATIONS = 4096;

  BrokerSecurity {
    users = Map.copyOf(users);
  }

  record Store(Path file, String password) {
    @Override
    public String toString() {
      return file.toString();
    }
  }

  BrokerSecurity withTls(Path keyStore, String password) {
    return new BrokerSecurity(new Store(keyStore, password), trusted, users);
  }

  BrokerSecurity withClientCertificates(Path trustStore, String password) {
    return new BrokerSecurity(keys, new Store(trustStore, password), users);
  }

  BrokerSecurity withUser(String name, String password) {
    if (!USER.matcher(name).matches() || password.isEmpty()) {
      throw new IllegalArgumentException(
          "The broker's user '"
              + name
              + "' needs a name of letters, digits, '.', '_' and '-', at most 100, and a password");
    }
    Map<String, String> more = new TreeMap<>(users);
    more.put(name, password);
    return new BrokerSecurity(keys, trusted, more);
  }

  /** Rejects invalid settings before anything starts. */
  void check() {
    if (trusted != null && keys == null) {
      throw new IllegalArgumentException(
          "A broker can ask for certificates of clients in TLS alone; call tls(...) too");
    }
    for (Store store : new @Nullable Store[] {keys, trusted}) {
      if (store != null && !Files.isReadable(store.file())) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "The broker's store " + store + " cannot be read; name a file that can");
      }
    }
  }

  String protocol() {
    return users.isEmpty()
        ? (keys == null ? "PLAINTEXT" : "SSL")
        : (keys == null ? "SASL_PLAINTEXT" : "SASL_SSL");
  }

  /** Returns Kafka's settings for a listener. */
  Map<String, String> settings(String prefix) {
    Map<String, String> settings = new HashMap<>();
    if (keys != null) {
      settings.put(prefix + "ssl.keystore.location", keys.file().toString());
      settings.put(prefix + "ssl.keystore.password", keys.password());
      settings.put(prefix + "ssl.key.password", keys.password());
    }
    if (trusted != null) {
      settings.put(prefix + "ssl.truststore.location", trusted.file().toString());
      settings.put(prefix + "ssl.truststore.password", trusted.password());
      settings.put(prefix + "ssl.client.auth", "required");
    }
    if (!users.isEmpty()) {
      List<String> mechanisms = new ArrayList<>(ScramMechanism.mechanismNames());
      settings.put(prefix + "sasl.enabled.mechanisms", String.join(",", mechanisms));
      for (String mechanism : mechanisms) {
        settings.put(
            prefix + mechanism.toLowerCase(Locale.ROOT) + ".sasl.jaas.config",
            "org.apache.kafka.common.security.scram.ScramLoginModule required;");
      }
    }
    return settings;
  }

  /**
   * Returns the users in the format of {@code kafka-storage.sh --add-scram}, without plain
   * passwords.
   */
  List<String> scramArguments() {
    List<String> arguments = new ArrayList<>();
    for (ScramMechanism mechanism : ScramMechanism.values()) {
      users.forEach((name, password) -> arguments.add(scramArgument(mechanism, name, password)));
    }
    return arguments;
  }

  private static String scramArgument(ScramMechanism mechanism, String name, String password) {
    try {
      ScramFormatter scram = new ScramFormatter(mechanism);
      byte[] salt = scram.secureRandomBytes();
      Base64.Encoder base64 = Base64.getEncoder();
      return String.format(
          "%s=[name=%s,iterations=%d,salt=%s,saltedpassword=%s]",
          mechanism.mechanismName(),
          name,
          ITERATIONS,
          base64.encodeToString(salt),
          base64.encodeToString(scram.saltedPassword(password, salt, ITERATIONS)));
    } catch (GeneralSecurityException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT, "This Java has no " + mechanism.mechanismName(), e);
    }
  }

  /** Returns the protocol and the names of the users, without passwords. */
  @Override
  public String toString() {
    return protocol() + " for " + users.keySet();
  }
}
