package io.callstream.examples;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ObjectInputStream;
import java.util.function.Function;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** Verifies that external data is never deserialized to objects of a class that the data names. */
class NoDeserializationTest {
  @Test
  void noModuleReadsSerializedObjects() {
    JavaClasses classes =
        ArchConfiguration.withThreadLocalScope(
            (Function<ArchConfiguration, JavaClasses>)
                configuration -> {
                  // The classes of the libraries are loaded instead, which takes less time.
                  configuration.setResolveMissingDependenciesFromClassPath(false);
                  return new ClassFileImporter()
                      .withImportOption(new ImportOption.DoNotIncludeTests())
                      .withImportOption(location -> !location.contains("-tests.jar"))
                      .importPackages("io.callstream");
                });
    Assertions.assertThat(classes.stream().map(JavaClass::getPackageName))
        .contains("io.callstream.call", "io.callstream.spark", "io.callstream.kafka.source");
    Assertions.assertThat(isObjectInput("java.io.ObjectInputStream")).isTrue();
    // It reads only data that it has just written, to check whether a format can be sent to tasks.
    noClasses()
        .that()
        .haveNameNotMatching("io\\.callstream\\.internal\\.task\\.SerializedCopy(\\$.*)?")
        .should()
        .dependOnClassesThat(
            describe(
                    "are streams of objects",
                    (JavaClass c) -> isObjectInput(c.getBaseComponentType().getName()))
                .or(
                    resideInAnyPackage(
                        "java.beans..",
                        "org.yaml..",
                        "com.thoughtworks..",
                        "com.esotericsoftware..")))
        .check(classes);
  }

  private static boolean isObjectInput(String name) {
    try {
      return ObjectInputStream.class.isAssignableFrom(
          Class.forName(name, false, NoDeserializationTest.class.getClassLoader()));
    } catch (ClassNotFoundException | LinkageError e) {
      return false; // A primitive type, or an optional library.
    }
  }
}
