package io.callstream.spark;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.callstream.spark",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule usesOnlyTheSharedCodeOfKafkaProducer =
      noClasses().should().dependOnClassesThat().resideInAPackage("io.callstream.kafka..");

  @ArchTest
  static final ArchRule readsKafkaOnlyThroughTheSharedCode =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.apache.kafka.clients.admin..", "org.apache.kafka.clients.consumer..");
}
