package io.callstream.dashboard;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "io.callstream.dashboard",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule usesOnlyCoreAndFewLibraries =
      classes()
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "io.callstream",
              "io.callstream.call",
              "io.callstream.engine",
              "io.callstream.internal.aggregate",
              "io.callstream.internal.notation",
              "io.callstream.internal.sink",
              "io.callstream.internal.threads",
              "io.callstream.pipeline",
              "io.callstream.progress",
              "io.callstream.sink",
              "io.callstream.statistic",
              "io.callstream.dashboard",
              "java..",
              "com.sun.net.httpserver",
              "com.fasterxml.jackson.core..",
              "org.jspecify..",
              "org.slf4j..");
}
