package io.callstream.spring;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.callstream.spring",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule usesNeitherSparkNorTheDashboard =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.callstream",
              "io.callstream.call",
              "io.callstream.definition",
              "io.callstream.engine",
              "io.callstream.internal.sink",
              "io.callstream.kafka",
              "io.callstream.lookup",
              "io.callstream.metrics",
              "io.callstream.pipeline",
              "io.callstream.progress",
              "io.callstream.sink",
              "io.callstream.spring",
              "io.callstream.statistic",
              "java..",
              "javax.sql",
              "com.fasterxml.jackson.core..",
              "io.micrometer.core..",
              "jakarta.servlet..",
              "org.apache.kafka.clients..",
              "org.jspecify..",
              "org.springframework..");
}
