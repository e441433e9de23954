package io.callstream.examples;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ObjectInputStream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** Verifies that external data is never deserialized to objects of a class that the data names. */
class NoDeserializationTest {
  @Test
  void noModuleReadsSerializedObjects() {
    var classes =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("io.callstream");
    Assertions.assertThat(classes.stream().map(JavaClass::getPackageName))
        .contains("io.callstream.call", "io.callstream.spark", "io.callstream.kafka.source");
    // It reads only data that it has just written, to check whether a format can be sent to tasks.
    noClasses()
        .that()
        .haveNameNotMatching("io\\.callstream\\.internal\\.task\\.SerializedCopy(\\$.*)?")
        .should()
        .dependOnClassesThat(
            assignableTo(ObjectInputStream.class)
                .or(
                    resideInAnyPackage(
                        "java.beans..",
                        "org.yaml..",
                        "com.thoughtworks..",
                        "com.esotericsoftware..")))
        .check(classes);
  }
}
