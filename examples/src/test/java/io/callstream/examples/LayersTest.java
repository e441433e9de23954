package io.callstream.examples;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who embeds the dashboard or the metrics needs core, and nothing of the command line. */
@AnalyzeClasses(
    packages = "io.callstream.examples",
    importOptions = ImportOption.DoNotIncludeTests.class)
class LayersTest {
  @ArchTest
  static final ArchRule theDashboardUsesCoreAndTheJdk =
      classes()
          .that()
          .resideInAPackage("io.callstream.examples.dashboard")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.callstream",
              "io.callstream.internal.aggregate",
              "io.callstream.call",
              "io.callstream.engine",
              "io.callstream.pipeline",
              "io.callstream.progress",
              "io.callstream.sink",
              "io.callstream.statistic",
              "io.callstream.examples.dashboard",
              "java..",
              "com.sun.net.httpserver",
              "com.fasterxml.jackson.core..",
              "org.jspecify..",
              "org.slf4j..");

  @ArchTest
  static final ArchRule theMetricsUseMicrometerBesides =
      classes()
          .that()
          .resideInAPackage("io.callstream.examples.metrics")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.callstream.engine",
              "io.callstream.pipeline",
              "io.callstream.progress",
              "io.callstream.examples.metrics",
              "java..",
              "io.micrometer.core..",
              "org.jspecify..",
              "org.slf4j..");
}
