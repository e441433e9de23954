package io.callstream.kafka.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.kafka.broker.EmbeddedBroker;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Keys and certificates for an {@link EmbeddedBroker} and its clients. There is one self-signed
 * certificate for the broker and one for a client, and trust stores for both. They are for tests
 * and are valid for a week.
 *
 * @param brokerKeys the broker's key store
 * @param brokerTrust a trust store for the broker, which trusts the client's certificate
 * @param clientKeys the client's key store
 * @param clientTrust a trust store for clients, which trusts the broker's certificate
 * @param password the password of all four stores and of the keys in them
 */
public record BrokerCertificates(
    Path brokerKeys, Path brokerTrust, Path clientKeys, Path clientTrust, String password) {
  private static final String TYPE = "PKCS12";
  private static final String ALIAS = "callstream";

  /**
   * Creates keys and certificates with the JDK's {@code keytool} and a random password.
   *
   * @param directory the directory for the four stores; created if it does not exist
   * @param hosts the names and IPv4 addresses in the broker's certificate; {@code 127.0.0.1} and
   *     {@code localhost} if none is given
   * @throws IllegalStateException if there is no keytool, or if the directory cannot be written
   */
  public static BrokerCertificates create(Path directory, String... hosts) {
    byte[] chance = new byte[16];
    new SecureRandom().nextBytes(chance);
    BrokerCertificates made =
        new BrokerCertificates(
            directory.resolve("broker-keys.p12"),
            directory.resolve("broker-trust.p12"),
            directory.resolve("client-keys.p12"),
            directory.resolve("client-trust.p12"),
            HexFormat.of().formatHex(chance));
    List<String> names =
        hosts.length == 0 ? List.of("127.0.0.1", "localhost") : Arrays.asList(hosts);
    try {
      Files.createDirectories(directory);
      made.generate(
          made.brokerKeys,
          "CN=broker",
          List.of(
              "-ext",
              names.stream()
                  .map(name -> (name.matches("[0-9.]+") ? "ip:" : "dns:") + name)
                  .collect(Collectors.joining(",", "san=", ""))));
      made.generate(made.clientKeys, "CN=client", List.of());
      made.trust(made.brokerKeys, made.clientTrust);
      made.trust(made.clientKeys, made.brokerTrust);
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException("No certificates in " + directory, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted before the certificates were complete", e);
    }
    return made;
  }

  private void generate(Path store, String name, List<String> more)
      throws IOException, InterruptedException {
    boolean windows = System.getProperty("os.name").toLowerCase(Locale.ROOT).startsWith("windows");
    Path keytool =
        Path.of(System.getProperty("java.home"), "bin", windows ? "keytool.exe" : "keytool");
    List<String> command = new ArrayList<>();
    command.add(keytool.toString());
    command.addAll(List.of("-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1"));
    command.addAll(List.of("-alias", ALIAS, "-dname", name, "-validity", "7"));
    command.addAll(List.of("-storetype", TYPE, "-keystore", store.toString()));
    // Other users of the machine could see a password in the arguments.
    command.addAll(List.of("-storepass:env", "STORE_PASSWORD"));
    command.addAll(more);
    ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true);
    process.environment().put("STORE_PASSWORD", password);
    Process running = process.start();
    running.getOutputStream().close();
    String said = new String(running.getInputStream().readAllBytes(), UTF_8).strip();
    if (running.waitFor() != 0) {
      throw new IOException(said);
    }
  }

  private void trust(Path keys, Path trust) throws IOException, GeneralSecurityException {
    KeyStore from = KeyStore.getInstance(TYPE);
    try (InputStream in = Files.newInputStream(keys)) {
      from.load(in, password.toCharArray());
    }
    KeyStore to = KeyStore.getInstance(TYPE);
    to.load(null, null);
    to.setCertificateEntry(ALIAS, from.getCertificate(ALIAS));
    try (OutputStream out = Files.newOutputStream(trust)) {
      to.store(out, password.toCharArray());
    }
  }

  /** Returns the settings with which a Kafka client trusts the broker. */
  public Map<String, String> trustingSettings() {
    return Map.of(
        "ssl.truststore.location", clientTrust.toString(), "ssl.truststore.password", password);
  }

  /** Returns the settings with which a Kafka client presents its own certificate. */
  public Map<String, String> identifyingSettings() {
    return Map.of(
        "ssl.keystore.location",
        clientKeys.toString(),
        "ssl.keystore.password",
        password,
        "ssl.key.password",
        password);
  }

  /** Returns the paths of the stores, without their password. */
  @Override
  public String toString() {
    return "BrokerCertificates[" + brokerKeys.getParent() + "]";
  }
}
