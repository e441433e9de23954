package io.callstream.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.RandomPipelinesContract;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks that the contract document lists the rules of the kit, and that its example compiles. */
class EngineContractDocumentTest {
  @TempDir private Path directory;

  private static String document() throws IOException {
    return Files.readString(Path.of("../docs/engine-contract.md"));
  }

  private static List<MatchResult> all(String pattern, String text) {
    return Pattern.compile(pattern, Pattern.MULTILINE | Pattern.DOTALL)
        .matcher(text)
        .results()
        .toList();
  }

  @Test
  void listsTheRulesOfTheKit() throws IOException {
    List<String> tests =
        Stream.concat(
                Arrays.stream(EngineContract.class.getDeclaredClasses()),
                Stream.of(RandomPipelinesContract.class))
            .flatMap(group -> Arrays.stream(group.getDeclaredMethods()))
            .map(Method::getName)
            .filter(name -> name.startsWith("rule_"))
            .toList();
    List<String> documented = new ArrayList<>();
    for (MatchResult rule : all("^\\| (\\d+)\\.(\\d+) \\| [^|]+ \\| `(\\w+)` \\|$", document())) {
      assertThat(rule.group(3)).startsWith("rule_" + rule.group(1) + "_" + rule.group(2) + "_");
      documented.add(rule.group(3));
    }
    assertThat(tests).doesNotHaveDuplicates().hasSizeGreaterThan(80);
    assertThat(documented).containsExactlyInAnyOrderElementsOf(tests);
  }

  @Test
  void listsTheBrokenEnginesAndTheirRules() throws IOException {
    List<String> documented =
        all("^\\| `(\\w+)`: [^|]+ \\| ([0-9., ]+) \\|$", document()).stream()
            .map(row -> row.group(1) + " " + List.of(row.group(2).split(", ")))
            .toList();
    assertThat(documented)
        .containsExactlyElementsOf(
            EngineContractTest.engines()
                .skip(1)
                .map(arguments -> arguments.get()[0] + " " + arguments.get()[1])
                .toList());
  }

  @Test
  void theExampleCompiles() throws IOException {
    String code = all("```java\n(.*?)```", document()).get(0).group(1);
    JavaFileObject file =
        new SimpleJavaFileObject(
            URI.create("string:///MyEngineContractTest.java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
          }
        };
    List<String> options =
        List.of(
            "-d",
            directory.toString(),
            "-proc:none",
            "-classpath",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    assertThat(
            ToolProvider.getSystemJavaCompiler()
                .getTask(null, null, null, options, null, List.of(file))
                .call())
        .isTrue();
    assertThat(directory.resolve("MyEngineContractTest.class")).exists();
  }
}
