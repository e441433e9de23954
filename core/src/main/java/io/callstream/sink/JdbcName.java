package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * The name of a table. Names in statements are quoted and consist only of lower-case letters,
 * digits and underscores.
 *
 * @param schema the schema; null for the schema of the connection
 */
record JdbcName(@Nullable String schema, String table) {
  /** The length at which PostgreSQL truncates names without a warning. */
  private static final int MAX_LENGTH = 63;

  private static final int HASH_LENGTH = 8;

  /** Returns a shorter name that remains unique where a database would truncate the name. */
  static String shortened(String name) {
    if (name.length() <= MAX_LENGTH) {
      return name;
    }
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(name.getBytes(UTF_8));
      String digits = String.format("%064x", new BigInteger(1, hash)).substring(0, HASH_LENGTH);
      return name.substring(0, MAX_LENGTH - HASH_LENGTH - 1) + "_" + digits;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  static String quoted(String name) {
    return '"' + name.replace("\"", "\"\"") + '"';
  }

  String quoted() {
    return schema == null ? quoted(table) : quoted(schema) + "." + quoted(table);
  }

  @Override
  public String toString() {
    return schema == null ? table : schema + "." + table;
  }
}
