package io.callstream.sink;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decides which failures of a database are transient, and reports the others without the content of
 * rows or the URL, which drivers include in their messages.
 */
final class JdbcFailures {
  /** Connection, rolled back, no resources, shut down, canceled (a timeout), locked. */
  private static final List<String> TRANSIENT =
      List.of("08", "40", "53", "57P", "57014", "HYT", "55P03", "55006");

  /** Access, names, syntax, connection: server messages for these states contain no row. */
  private static final List<String> SAFE =
      List.of("08", "28", "3D", "3F", "40", "42", "53", "55", "57", "0A", "58", "HYT");

  private static final Pattern URL = Pattern.compile("jdbc:\\S+");
  private static final Pattern SECRET =
      Pattern.compile("(?i)\\b(\\w*(?:password|passwd|pwd|secret|token))\\s*=\\s*[^\\s;&,]+");

  private JdbcFailures() {}

  static boolean isTransient(SQLException failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof SQLTransientException || e instanceof SQLRecoverableException) {
        return true;
      }
      if (e instanceof SQLException sql) {
        String state = state(sql);
        if (TRANSIENT.stream().anyMatch(state::startsWith)) {
          return true;
        }
      }
    }
    return false;
  }

  private static String state(SQLException failure) {
    SQLException root = root(failure);
    String state = root.getSQLState();
    return state == null ? "" : state;
  }

  /** Returns the cause of a failure. The failure of a batch contains its rows. */
  private static SQLException root(SQLException failure) {
    SQLException e = failure;
    while (e instanceof BatchUpdateException) {
      SQLException next = e.getNextException();
      if (next == null && e.getCause() instanceof SQLException cause) {
        next = cause;
      }
      if (next == null) {
        break;
      }
      e = next;
    }
    return e;
  }

  static CallstreamException of(String what, int attempts, SQLException failure) {
    String state = state(failure);
    SQLException described = described(failure);
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        ("The database sink could not %s%s: %s%s Nothing is lost: the batch is repeated when the"
                + " pipeline is started again.")
            .formatted(
                what,
                attempts == 1 ? "" : ", tried " + attempts + " times",
                described.getMessage(),
                advice(state)),
        described);
  }

  static CallstreamException interrupted() {
    return new CallstreamException(
        ErrorCode.SINK_FAILED,
        "The database sink was interrupted before it had written all of a batch. Nothing is lost:"
            + " the batch is repeated when the pipeline is started again.");
  }

  /** Returns an exception without confidential data. */
  private static SQLException described(SQLException failure) {
    SQLException root = root(failure);
    String state = state(failure);
    @Nullable String message = root instanceof BatchUpdateException ? null : root.getMessage();
    boolean safe =
        message != null && (state.isEmpty() || SAFE.stream().anyMatch(state::startsWith));
    SQLException described =
        new SQLException(
            (state.isEmpty() ? root.getClass().getSimpleName() : "SQLState " + state)
                + (safe ? ", " + redacted(String.valueOf(message)).replaceFirst("\\.+$", "") : "")
                + ".",
            root.getSQLState(),
            root.getErrorCode());
    described.setStackTrace(root.getStackTrace());
    return described;
  }

  static String redacted(String message) {
    String line = message.lines().findFirst().orElse("").strip();
    String known = URL.matcher(line).replaceAll("jdbc:...");
    return SECRET.matcher(known).replaceAll("$1=...");
  }

  private static String advice(String state) {
    if (state.equals("57014") || state.startsWith("HYT") || state.startsWith("55")) {
      return " The statement took longer than the sink's timeout. Find the session that holds a"
          + " lock on the table, or raise the timeout.";
    }
    if (state.startsWith("08") || state.startsWith("57P")) {
      return " Check that the database runs and can be reached.";
    }
    if (state.startsWith("28") || state.startsWith("42501")) {
      return " Check the user's name, password and rights.";
    }
    if (state.equals("22P05") || state.equals("22021")) {
      return " The character set of the database lacks a character of a result. Use a database in"
          + " UTF-8: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.";
    }
    if (state.startsWith("53") || state.startsWith("58")) {
      return " Check that the database has free space.";
    }
    return "";
  }
}
