package io.callstream.examples.cli;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.examples.cli.StopRequest.InterruptedCommandException;
import io.callstream.internal.failures.EnvironmentFailures;
import io.callstream.internal.failures.SimilarNames;
import io.callstream.internal.sink.TerminalStyle;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code callstream}. It contains what its subcommands have in common. */
@Command(
    name = "callstream",
    description = {
      "Turns a stream of police calls for service into live, exact statistics.",
      "",
      "Results go to standard output, messages to standard error."
    },
    subcommands = {
      DemoCommand.class,
      BrokerCommand.class,
      ProduceCommand.class,
      ConsumeCommand.class,
      StatisticsCommand.class,
      MergeCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Callstream.Version.class,
    footer = {
      "",
      "Exit status: 0 success, 1 failure, 2 wrong usage. A command that a signal ends",
      "before its work is done exits with 128 + the signal's number: 130 after Ctrl-C.",
      "",
      "'callstream COMMAND --help' describes a command. Start with: callstream demo",
      "In a checkout, './callstream tune' measures which settings matter on this machine."
    })
public final class Callstream implements Runnable {
  static final int FAILURE = 1;
  static final int WRONG_USAGE = 2;

  private static final int HELP_OPTIONS_WIDTH = 28;

  /** Encoded in advance, because a full heap has no room for it. */
  private static final byte[] OUT_OF_MEMORY =
      ("callstream: Java ran out of memory. The heap is at most "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MiB. Use a larger heap, such as -Xmx4g (./callstream takes it from"
              + " CALLSTREAM_JAVA_OPTS).\n")
          .getBytes(StandardCharsets.UTF_8);

  private final Terminal terminal;
  private final StopRequest interruption;

  @Spec
  @SuppressWarnings("NullAway.Init")
  private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help, and exit.")
  @SuppressWarnings("unused") // Evaluated by picocli
  private boolean help;

  @Option(names = "--version", versionHelp = true, description = "Show the version, and exit.")
  @SuppressWarnings("unused") // Evaluated by picocli
  private boolean version;

  @Option(
      names = "--verbose",
      scope = ScopeType.INHERIT,
      description = "Show the log of all parts on standard error, and stack traces of failures.")
  private boolean verbose;

  @Option(
      names = {"-q", "--quiet"},
      scope = ScopeType.INHERIT,
      description = "Show only failures: no progress, no messages, no warnings.")
  private boolean quiet;

  private Callstream(Terminal terminal, StopRequest interruption) {
    this.terminal = terminal;
    this.interruption = interruption;
  }

  /** Runs a command and ends the process with its exit status. */
  public static void main(String[] args) {
    Logging.setUp(Arrays.asList(args));
    int status = FAILURE;
    try {
      status = run(Terminal.ofProcess(), StopRequest.bySignals(), args);
    } catch (OutOfMemoryError e) {
      System.err.write(OUT_OF_MEMORY, 0, OUT_OF_MEMORY.length);
    }
    System.exit(status);
  }

  static int run(Terminal terminal, StopRequest interruption, String... args) {
    CommandLine commands = commandLine(terminal, interruption);
    Callstream callstream = commands.getCommand();
    int status;
    try {
      requireReadable(args);
      String[] words = withHelpAsOption(args);
      requireCommand(commands, words);
      status = commands.execute(words);
    } catch (UnmatchedArgumentException e) {
      status = callstream.explainUsage(e);
    } catch (CallstreamException | LinkageError | OutOfMemoryError e) {
      status = callstream.explain(e, commands);
    }
    return status == 0 ? callstream.statusOfOutput(commands) : status;
  }

  /** Returns the command with its subcommands. */
  static CommandLine commandLine(Terminal terminal, StopRequest interruption) {
    Callstream callstream = new Callstream(terminal, interruption);
    CommandLine commands =
        new CommandLine(callstream)
            .setOut(new PrintWriter(terminal.out(), true, StandardCharsets.UTF_8))
            .setErr(new PrintWriter(terminal.err(), true, StandardCharsets.UTF_8))
            .setColorScheme(
                Help.defaultColorScheme(
                    terminal.outStyle() == TerminalStyle.ANSI ? Ansi.ON : Ansi.OFF))
            .setUsageHelpWidth(NarrowHelp.WIDTH)
            .setUsageHelpLongOptionsMaxWidth(HELP_OPTIONS_WIDTH)
            .setAbbreviatedOptionsAllowed(false)
            .setParameterExceptionHandler((wrong, given) -> callstream.explainUsage(wrong))
            .setExecutionExceptionHandler(
                (failure, command, parsed) -> callstream.explain(failure, command));
    Converters.register(commands);
    OptionGroups.register(commands);
    NarrowHelp.register(commands, terminal.columns());
    return commands;
  }

  /**
   * Rejects arguments that Java could not decode. They would be the name of another file, or of no
   * file.
   */
  private static void requireReadable(String[] args) {
    List<String> texts = new ArrayList<>(List.of(args));
    texts.add(System.getProperty("user.dir"));
    for (String text : texts) {
      if (text.indexOf('\ufffd') >= 0) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "'"
                + text
                + "' has characters that are not in the character set of the locale, "
                + System.getProperty("sun.jnu.encoding")
                + ". Set another locale, such as LC_ALL=C.UTF-8, or start with ./callstream, which"
                + " chooses one if the locale is C.");
      }
    }
  }

  /** Replaces {@code help COMMAND}, which many command lines support, by {@code COMMAND --help}. */
  private static String[] withHelpAsOption(String[] args) {
    List<String> words = new ArrayList<>(List.of(args));
    if (!words.isEmpty() && words.get(0).equals("help")) {
      words.remove(0);
      words.add("--help");
    }
    return words.toArray(String[]::new);
  }

  /** Rejects an unknown command. Before {@code --help}, picocli ignores it. */
  private static void requireCommand(CommandLine commands, String[] args) {
    Optional<String> first = Stream.of(args).filter(word -> !word.startsWith("-")).findFirst();
    boolean isFile = first.isPresent() && first.get().startsWith("@"); // It contains arguments.
    if (first.isPresent() && !isFile && !commands.getSubcommands().containsKey(first.get())) {
      throw new UnmatchedArgumentException(commands, List.of(first.get()));
    }
  }

  @Override
  public void run() {
    throw Usage.wrong(spec, "Name a command.");
  }

  Terminal terminal() {
    if (quiet) {
      return terminal.quiet();
    }
    return verbose ? terminal.withoutBars() : terminal;
  }

  StopRequest interruption() {
    return interruption;
  }

  /**
   * Returns the exit status of a command that succeeded. It depends on whether the output was
   * written.
   */
  private int statusOfOutput(CommandLine commands) {
    try {
      terminal.out().requireWritten();
      return 0;
    } catch (CallstreamException e) {
      return explain(e, commands);
    }
  }

  private int explainUsage(ParameterException wrong) {
    CommandLine command = wrong.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    err.println(terminal.errStyle().red(name + ": " + message(wrong)));
    Optional<String> near = nearest(wrong);
    near.ifPresent(meant -> err.println("Did you mean: " + meant + "?"));
    boolean similar = near.isPresent() || UnmatchedArgumentException.printSuggestions(wrong, err);
    if (!similar && command.getParent() == null) {
      err.println("The commands are " + String.join(", ", command.getSubcommands().keySet()) + ".");
    }
    err.println("'" + name + " --help' describes its use.");
    if (verbose && wrong.getCause() != null) {
      wrong.getCause().printStackTrace(err);
    }
    return WRONG_USAGE;
  }

  /** Returns the command or option that is most similar to a misspelled one. */
  private static Optional<String> nearest(ParameterException wrong) {
    if (!(wrong instanceof UnmatchedArgumentException unmatched)) {
      return Optional.empty();
    }
    CommandSpec command = wrong.getCommandLine().getCommandSpec();
    String word = unmatched.getUnmatched().get(0).replaceFirst("=.*", "");
    return unmatched.isUnknownOption()
        ? SimilarNames.nearest(word, command.optionsMap().keySet())
        : SimilarNames.nearest(word, command.subcommands().keySet())
            .map(name -> command.qualifiedName() + " " + name);
  }

  private static String message(ParameterException wrong) {
    if (wrong instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
      return "'" + unmatched.getUnmatched().get(0) + "' has no place here.";
    }
    return String.valueOf(wrong.getMessage()).replaceFirst("^Error: ", "");
  }

  private int explain(Throwable thrown, CommandLine command) {
    Throwable failure =
        thrown instanceof CallstreamException
            ? thrown
            : EnvironmentFailures.failure(thrown).map(Throwable.class::cast).orElse(thrown);
    if (failure instanceof InterruptedCommandException) {
      return interruption.status();
    }
    PrintWriter err = command.getErr();
    String message = "failed unexpectedly: " + failure;
    int status = FAILURE;
    if (failure instanceof CallstreamException known) {
      message = known.getMessage();
      if (known.code() == ErrorCode.UNSUPPORTED) {
        status = WRONG_USAGE;
      }
    }
    err.println(terminal.errStyle().red(command.getCommandSpec().qualifiedName() + ": " + message));
    if (verbose) {
      failure.printStackTrace(err);
    } else if (!(failure instanceof CallstreamException)) {
      err.println("Run it again with --verbose to see where.");
    }
    err.flush();
    return status;
  }

  /** Provides the version of the jar, which the build sets. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Callstream.class.getPackage().getImplementationVersion();
      return new String[] {
        "callstream " + (version == null ? "(not built as a jar)" : version),
        "Java " + Runtime.version() + " on " + System.getProperty("os.name")
      };
    }
  }
}
