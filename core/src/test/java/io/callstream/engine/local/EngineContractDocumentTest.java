package io.callstream.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.RandomPipelinesContract;
import io.callstream.engine.contract.Rule;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Checks the rules of the kit, and that its document lists their groups. */
class EngineContractDocumentTest {
  private static final Pattern ROW =
      Pattern.compile("\\| \\[(\\d+ .+)]\\((.+)\\) \\| (\\d+) \\|.*");
  private static final String RANDOM_PIPELINES = "17 Random pipelines";

  /** Returns the classes with rules, by the name of their group. */
  private static Map<String, Class<?>> groups() {
    Map<String, Class<?>> groups =
        Arrays.stream(EngineContract.class.getDeclaredClasses())
            .collect(
                Collectors.toMap(
                    group -> group.getAnnotation(DisplayName.class).value(),
                    group -> group.getSuperclass()));
    groups.put(RANDOM_PIPELINES, RandomPipelinesContract.class);
    return groups;
  }

  private static Stream<Method> tests(Class<?> group) {
    return Arrays.stream(group.getDeclaredMethods())
        .filter(method -> method.isAnnotationPresent(Rule.class));
  }

  @Test
  void eachRuleHasANumberOfItsGroupAndWholeSentences() {
    List<String> numbers = new ArrayList<>();
    groups()
        .forEach(
            (name, group) ->
                tests(group)
                    .forEach(
                        test -> {
                          Rule rule = test.getAnnotation(Rule.class);
                          numbers.add(rule.number());
                          assertThat(rule.number()).startsWith(name.split(" ")[0] + ".");
                          assertThat(test.getName())
                              .isEqualTo("rule_" + rule.number().replace('.', '_'));
                          assertThat(rule.text()).as(rule.number()).matches("\\S.*\\S\\.");
                          assertThat(rule.check()).as(rule.number()).matches("\\S.*[^.\\s]");
                        }));
    assertThat(numbers).doesNotHaveDuplicates().hasSizeGreaterThan(100);
  }

  @Test
  void eachTestOfTheKitHasARule() {
    assertThat(groups().values())
        .allSatisfy(
            group ->
                assertThat(
                        Arrays.stream(group.getDeclaredMethods())
                            .filter(method -> method.isAnnotationPresent(Test.class)))
                    .allMatch(method -> method.isAnnotationPresent(Rule.class)));
  }

  @Test
  void theDocumentListsTheGroups() throws IOException {
    Map<String, String> documented = new TreeMap<>();
    Files.readString(Path.of("../docs/write-an-engine.md"))
        .lines()
        .map(ROW::matcher)
        .filter(row -> row.matches())
        .forEach(
            row ->
                documented.put(
                    row.group(1), Path.of(row.group(2)).getFileName() + " " + row.group(3)));
    Map<String, String> expected = new TreeMap<>();
    groups()
        .forEach(
            (name, group) ->
                expected.put(name, group.getSimpleName() + ".java " + tests(group).count()));
    assertThat(documented).isEqualTo(expected);
  }
}
