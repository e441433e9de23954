package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.contract.EngineContract;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

class PublishedKitTest {
  @Test
  void theJarHasOnlyTheKit() throws Exception {
    Path jar =
        Path.of(EngineContract.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (JarFile file = new JarFile(jar.toFile())) {
      List<String> classes =
          file.stream().map(JarEntry::getName).filter(name -> name.endsWith(".class")).toList();
      assertThat(classes)
          .isNotEmpty()
          .allMatch(name -> name.startsWith("io/callstream/engine/contract/"))
          .noneMatch(name -> name.endsWith("Test.class"));
    }
  }
}
