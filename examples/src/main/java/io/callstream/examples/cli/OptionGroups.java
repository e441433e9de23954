package io.callstream.examples.cli;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Layout;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Shows the options of a command in groups: first its own ones, then those that it has in common
 * with other commands, each group under a heading. An option belongs to a group by its name, or by
 * the class that declares it.
 */
final class OptionGroups implements IHelpSectionRenderer {
  private static final String OWN = "";
  private static final String COUNTING = "What is counted";
  private static final String RESULTS = "Results";
  private static final String RUN = "Engine and batches";
  private static final String CHECKPOINT = "Checkpoint and restarts";
  private static final String DASHBOARD = "Dashboard and report";
  private static final String ALL_COMMANDS = "All commands";

  private static final Map<Class<?>, String> OF_CLASSES =
      Map.of(
          CallOptions.class, "Sending",
          FormatOption.class, "Format",
          KafkaOptions.class, "Kafka",
          CountingOptions.class, COUNTING,
          StatisticsOptions.class, RUN,
          SinkOptions.class, "Other destinations of results",
          RestartOptions.class, CHECKPOINT,
          DashboardOptions.class, DASHBOARD,
          Callstream.class, ALL_COMMANDS);

  private static final Map<String, String> OF_NAMES =
      Map.of(
          "--distinct", COUNTING,
          "--corrections", COUNTING,
          "--output", RESULTS,
          "--top", RESULTS,
          "--json", RESULTS,
          "--checkpoint", CHECKPOINT,
          "--evolve", CHECKPOINT,
          "--dashboard", DASHBOARD,
          "--port", DASHBOARD,
          "--no-dashboard", DASHBOARD);

  /** The headings in their order. */
  private static final List<String> ORDER =
      List.of(
          OWN,
          "Sending",
          "Format",
          COUNTING,
          RESULTS,
          "Other destinations of results",
          RUN,
          CHECKPOINT,
          DASHBOARD,
          "Kafka",
          ALL_COMMANDS);

  /** Sets the help of a command and its subcommands. */
  static void register(CommandLine commands) {
    Map<String, IHelpSectionRenderer> sections = commands.getHelpSectionMap();
    sections.put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, new OptionGroups());
    commands.setHelpSectionMap(sections);
  }

  @Override
  public String render(Help help) {
    List<OptionSpec> options = new ArrayList<>(help.commandSpec().options());
    options.removeIf(OptionSpec::hidden);
    options.sort(help.createDefaultOptionSort());
    List<String> headings = options.stream().map(OptionGroups::heading).distinct().toList();
    StringBuilder text = new StringBuilder();
    for (String heading : ORDER) {
      if (!heading.isEmpty() && headings.contains(heading) && headings.size() > 1) {
        text.append("\n").append(help.colorScheme().text("@|bold " + heading + ":|@")).append("\n");
      }
      // All options, so that their columns have the same width in all groups.
      Layout layout = help.createDefaultLayout(options, List.of(), help.colorScheme());
      layout.addAllOptions(
          options.stream().filter(option -> heading(option).equals(heading)).toList(),
          help.parameterLabelRenderer());
      text.append(layout);
    }
    return text.toString();
  }

  private static String heading(OptionSpec option) {
    Class<?> declaring = ((Field) option.userObject()).getDeclaringClass();
    return declaring == BrokerCommand.class
        ? OWN // Its port is not that of a dashboard.
        : OF_NAMES.getOrDefault(option.longestName(), OF_CLASSES.getOrDefault(declaring, OWN));
  }
}
