package io.callstream.kafka;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.jspecify.annotations.Nullable;

/**
 * Why a Kafka client could not be created or was rejected by the broker, and what to do about it.
 *
 * @param message contains no value of a setting that may be secret
 * @param cause the failure, or a replacement if the text of the failure could contain part of a
 *     secret
 */
record Refusal(String message, Throwable cause) {
  static Refusal of(Throwable failure) {
    List<Throwable> chain = new ArrayList<>();
    for (@Nullable Throwable e = failure; e != null; e = e.getCause()) {
      chain.add(e);
    }
    // Java parses the login configuration word by word, and its message quotes an unexpected word.
    if (says(chain, "JAAS config")) {
      return new Refusal(
          "sasl.jaas.config is missing or can't be read. Write it as"
              + " org.apache.kafka.common.security.scram.ScramLoginModule required"
              + " username=\"...\" password=\"...\"; with the quotes and the semicolon",
          new IllegalArgumentException("sasl.jaas.config is no login configuration"));
    }
    return new Refusal(KafkaErrors.reason(failure) + ". " + advice(chain), failure);
  }

  private static String advice(List<Throwable> chain) {
    if (chain.stream().anyMatch(UnsupportedSaslMechanismException.class::isInstance)) {
      return "Set sasl.mechanism to one that the broker has";
    }
    if (chain.stream().anyMatch(SaslAuthenticationException.class::isInstance)) {
      return "Check user name and password in sasl.jaas.config, and sasl.mechanism";
    }
    if (says(chain, "PKIX")) {
      return "The broker's certificate is none that this client trusts: check"
          + " ssl.truststore.location";
    }
    if (says(chain, "No subject alternative") || says(chain, "No name matching")) {
      return "The broker's certificate is for another host: connect to the name that it is for";
    }
    if (says(chain, "fatal alert")) {
      return "The broker did not take this client's certificate, or wants one: check"
          + " ssl.keystore.location";
    }
    if (says(chain, "No resolvable bootstrap urls")) {
      return "No host of that name is known here: correct the address";
    }
    return "Check the address, and the settings of TLS (ssl...) and SASL (sasl...)";
  }

  private static boolean says(List<Throwable> chain, String words) {
    return chain.stream().anyMatch(e -> String.valueOf(e.getMessage()).contains(words));
  }
}
