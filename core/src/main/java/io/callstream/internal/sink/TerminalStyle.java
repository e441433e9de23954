package io.callstream.internal.sink;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Whether a stream shows styled text: on a terminal that supports it, unless the user objects. */
public enum TerminalStyle {
  /** Text without styles, for files, pipes and simple terminals. */
  PLAIN,
  /** Text with ANSI escape sequences. */
  ANSI;

  /**
   * Set by the launcher to the standard streams that are terminals, such as {@code out,err}. Java
   * 17 cannot detect this for each stream.
   */
  private static final String TERMINALS = "callstream.terminal";

  /** Returns the style of standard output. */
  public static TerminalStyle ofOut() {
    return of(isTerminal("out"), System.getenv());
  }

  /** Returns the style of standard error. */
  public static TerminalStyle ofErr() {
    return of(isTerminal("err"), System.getenv());
  }

  /**
   * Returns whether a standard stream is a terminal. Without the launcher, both are terminals if
   * Java has a console.
   *
   * @param stream {@code out} or {@code err}
   */
  public static boolean isTerminal(String stream) {
    return isTerminal(stream, System.getProperty(TERMINALS), System.console());
  }

  /**
   * Returns whether a stream is a terminal.
   *
   * @param terminals the streams that are terminals; null without the launcher
   * @param console a {@link java.io.Console}; null if there is none
   */
  static boolean isTerminal(String stream, @Nullable String terminals, @Nullable Object console) {
    if (terminals != null) {
      return List.of(terminals.split(",")).contains(stream);
    }
    if (console == null) {
      return false;
    }
    try {
      // Since Java 22, there can be a console without a terminal.
      return (boolean) console.getClass().getMethod("isTerminal").invoke(console);
    } catch (NoSuchMethodException e) {
      return true;
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }

  /**
   * Returns the style of a stream. {@code NO_COLOR} disables styles unless it is empty. {@code
   * TERM}, or a variable of a terminal of Windows, shows that the terminal supports them.
   */
  static TerminalStyle of(boolean terminal, Map<String, String> environment) {
    if (!terminal || !environment.getOrDefault("NO_COLOR", "").isEmpty()) {
      return PLAIN;
    }
    String term = environment.getOrDefault("TERM", "");
    boolean supported =
        term.isEmpty()
            ? environment.containsKey("WT_SESSION")
                || environment.containsKey("ANSICON")
                || "ON".equals(environment.get("ConEmuANSI"))
            : !term.equals("dumb");
    return supported ? ANSI : PLAIN;
  }

  /** Returns a heading. */
  public String bold(String text) {
    return styled(1, text);
  }

  /** Returns a text of less importance. */
  public String dim(String text) {
    return styled(2, text);
  }

  /** Returns an error. */
  public String red(String text) {
    return styled(31, text);
  }

  /** Returns a warning. */
  public String yellow(String text) {
    return styled(33, text);
  }

  private String styled(int code, String text) {
    return this == PLAIN || text.isEmpty() ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
  }
}
