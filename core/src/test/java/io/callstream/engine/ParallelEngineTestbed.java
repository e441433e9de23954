package io.callstream.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.Testbed;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * The engine of docs/write-an-engine.md, compiled from the project {@code own-engine} in {@code
 * examples/src/it}.
 */
final class ParallelEngineTestbed implements Testbed {
  private static final Path SOURCE =
      Path.of("../examples/src/it/own-engine/src/main/java/com/example/ParallelEngine.java");
  private static final Path CLASSES = Path.of("target/own-engine");
  private static final Engine ENGINE = compiled();

  private static Engine compiled() {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      Files.createDirectories(CLASSES);
      String classPath =
          System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
      List<String> options =
          List.of("-d", CLASSES.toString(), "-proc:none", "-classpath", classPath);
      assertThat(
              compiler
                  .getTask(null, files, null, options, null, files.getJavaFileObjects(SOURCE))
                  .call())
          .isTrue();
      ClassLoader loader =
          new URLClassLoader(
              new URL[] {CLASSES.toUri().toURL()}, ParallelEngineTestbed.class.getClassLoader());
      return (Engine)
          loader.loadClass("com.example.ParallelEngine").getDeclaredConstructor().newInstance();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public Engine engine() {
    return ENGINE;
  }

  @Override
  public ContractSource source(int partitions) {
    return ContractSource.inMemory(partitions);
  }
}
