package io.callstream.sink;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.opentest4j.TestAbortedException;

/**
 * One PostgreSQL server for all tests of this module, which stops with the JVM. PostgreSQL rejects
 * root, so as root {@code unshare} starts it in a separate user namespace.
 */
final class Postgres {
  private Postgres() {}

  static EmbeddedPostgres server() {
    return Holder.SERVER.orElseThrow(
        () ->
            new TestAbortedException(
                "PostgreSQL can't run as root here: unshare -U is not there or not allowed"));
  }

  private static final class Holder {
    static final Optional<EmbeddedPostgres> SERVER = start();
  }

  private static Optional<EmbeddedPostgres> start() {
    try {
      if (System.getProperty("user.name").equals("root") && !unshares()) {
        return Optional.empty();
      }
      return Optional.of(EmbeddedPostgres.builder().start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static boolean unshares() throws InterruptedException {
    try {
      return new ProcessBuilder("unshare", "-U", "true").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
