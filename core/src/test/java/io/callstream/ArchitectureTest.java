package io.callstream;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

@AnalyzeClasses(packages = "io.callstream", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule publicPackagesDependDownwardOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("root")
          .definedBy("io.callstream")
          .layer("call")
          .definedBy("io.callstream.call")
          .layer("lookup")
          .definedBy("io.callstream.lookup")
          .layer("statistic")
          .definedBy("io.callstream.statistic")
          .layer("definition")
          .definedBy("io.callstream.definition")
          .layer("progress")
          .definedBy("io.callstream.progress")
          .layer("pipeline")
          .definedBy("io.callstream.pipeline")
          .layer("engine")
          .definedBy("io.callstream.engine")
          .layer("local")
          .definedBy("io.callstream.engine.local")
          .layer("sink")
          .definedBy("io.callstream.sink")
          .whereLayer("root")
          .mayNotAccessAnyLayer()
          .whereLayer("call")
          .mayOnlyAccessLayers("root")
          .whereLayer("lookup")
          .mayOnlyAccessLayers("root", "call")
          .whereLayer("statistic")
          .mayOnlyAccessLayers("root", "call", "lookup")
          .whereLayer("definition")
          .mayOnlyAccessLayers("root", "call", "lookup", "statistic")
          .whereLayer("progress")
          .mayOnlyAccessLayers("root")
          .whereLayer("pipeline")
          .mayOnlyAccessLayers("root", "call", "lookup", "statistic", "progress")
          .whereLayer("engine")
          .mayOnlyAccessLayers("root", "call", "lookup", "statistic", "progress", "pipeline")
          .whereLayer("sink")
          .mayOnlyAccessLayers("root", "call", "lookup", "statistic", "progress", "pipeline");

  @ArchTest
  static final ArchRule publicPackagesHaveNoCycles =
      slices()
          .matching("io.callstream.(**)")
          .should()
          .beFreeOfCycles()
          .ignoreDependency(
              DescribedPredicate.alwaysTrue(), resideInAPackage("io.callstream.internal.."));

  @ArchTest
  static final ArchRule internalPackagesHaveNoCycles =
      slices().matching("io.callstream.internal.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule internalPackagesDependDownwardOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("failures")
          .definedBy("io.callstream.internal.failures")
          .layer("files")
          .definedBy("io.callstream.internal.files")
          .layer("source")
          .definedBy("io.callstream.internal.source")
          .layer("aggregate")
          .definedBy("io.callstream.internal.aggregate")
          .layer("task")
          .definedBy("io.callstream.internal.task")
          .layer("ledger")
          .definedBy("io.callstream.internal.ledger")
          .layer("engine")
          .definedBy("io.callstream.internal.engine")
          .whereLayer("failures")
          .mayNotAccessAnyLayer()
          .whereLayer("files")
          .mayNotAccessAnyLayer()
          .whereLayer("source")
          .mayNotAccessAnyLayer()
          .whereLayer("aggregate")
          .mayNotAccessAnyLayer()
          .whereLayer("task")
          .mayOnlyAccessLayers("aggregate", "files", "source")
          .whereLayer("ledger")
          .mayOnlyAccessLayers("aggregate", "files", "task")
          .whereLayer("engine")
          .mayOnlyAccessLayers("aggregate", "files", "ledger", "source", "task");

  @ArchTest
  static final ArchRule valuesDoNotUseInternals =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.callstream",
              "io.callstream.call",
              "io.callstream.lookup",
              "io.callstream.statistic",
              "io.callstream.progress",
              "io.callstream.pipeline")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.callstream.internal..");

  @ArchTest
  static final ArchRule coreUsesFewLibraries =
      classes()
          .that()
          .haveNameNotMatching(".*\\.DistinctMeasure(\\$.*)?")
          .and()
          .resideOutsideOfPackage("io.callstream.metrics")
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(
                  "io.callstream..",
                  "java..",
                  "javax.sql..",
                  "org.slf4j..",
                  "com.fasterxml.jackson.annotation..",
                  "com.fasterxml.jackson.core..",
                  "org.jspecify..",
                  "org.pcollections.."));

  @ArchTest
  static final ArchRule onlyOneMeasureUsesSketches =
      noClasses()
          .that()
          .haveNameNotMatching(".*\\.DistinctMeasure(\\$.*)?")
          .should()
          .dependOnClassesThat(resideInAPackage("org.apache.datasketches.."));

  @ArchTest
  static final ArchRule onlyTheMetricsUseMicrometer =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.callstream.metrics")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.micrometer..", "io.callstream.metrics");

  @ArchTest
  static final ArchRule publicSignaturesShowOnlyTheJdkAndPublicTypes =
      codeUnits()
          .that()
          .areDeclaredInClassesThat(
              resideOutsideOfPackages("io.callstream.internal..", "io.callstream.metrics")
                  .and(modifier(JavaModifier.PUBLIC)))
          .and(
              DescribedPredicate.describe(
                  "are public or protected",
                  unit ->
                      unit.getModifiers().contains(JavaModifier.PUBLIC)
                          || unit.getModifiers().contains(JavaModifier.PROTECTED)))
          .should(
              new ArchCondition<>("show only types of the JDK and public types of callstream") {
                @Override
                public void check(JavaCodeUnit unit, ConditionEvents events) {
                  unit.getAllInvolvedRawTypes().stream()
                      .map(JavaClass::getBaseComponentType)
                      .filter(type -> !isShown(type))
                      .forEach(
                          type ->
                              events.add(
                                  SimpleConditionEvent.violated(
                                      unit, unit.getFullName() + " shows " + type.getName())));
                }
              });

  private static boolean isShown(JavaClass type) {
    String name = type.getPackageName();
    return type.isPrimitive()
        || name.startsWith("java.")
        || name.equals("javax.sql")
        || (name.startsWith("io.callstream") && !name.startsWith("io.callstream.internal"));
  }
}
