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

/**
 * Checks that the document of the contract contains the rules of the kit, and that its example
 * compiles.
 */
class EngineContractDocumentTest {
  @TempDir private Path directory;

  private static String document() throws IOException {
    return Files.readString(Path.of("../docs/write-an-engine.md"));
  }

  private static List<MatchResult> all(String pattern, String text) {
    return Pattern.compile(pattern, Pattern.MULTILINE | Pattern.DOTALL)
        .matcher(text)
        .results()
        .toList();
  }

  @Test
  void theDocumentHasTheRulesOfTheKit() throws IOException {
    List<String> tests =
        Stream.concat(
                Arrays.stream(EngineContract.class.getDeclaredClasses()),
                Stream.of(RandomPipelinesContract.class))
            .flatMap(group -> Stream.of(group, group.getSuperclass()))
            .flatMap(group -> Arrays.stream(group.getDeclaredMethods()))
            .map(Method::getName)
            .filter(name -> name.startsWith("rule_"))
            .map(name -> name.replaceFirst("rule_(\\d+)_(\\d+)_.*", "$1.$2"))
            .toList();
    List<String> documented = new ArrayList<>();
    String group = "";
    for (MatchResult line :
        all("^(?:### (\\d+) .+?|- \\*\\*((\\d+)\\.\\d+)\\*\\* \\S.+?\\.)$", document())) {
      if (line.group(1) != null) {
        group = line.group(1);
      } else {
        assertThat(line.group(3)).as("group of rule " + line.group(2)).isEqualTo(group);
        documented.add(line.group(2));
      }
    }
    assertThat(tests).doesNotHaveDuplicates().hasSizeGreaterThan(80);
    assertThat(documented).containsExactlyInAnyOrderElementsOf(tests);
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
