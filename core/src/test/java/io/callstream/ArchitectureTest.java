package io.callstream;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;

@AnalyzeClasses(packages = "io.callstream", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule packagesDependDownwardOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("root")
          .definedBy("io.callstream")
          .layer("call")
          .definedBy("io.callstream.call")
          .layer("statistic")
          .definedBy("io.callstream.statistic")
          .layer("aggregate")
          .definedBy("io.callstream.aggregate")
          .layer("progress")
          .definedBy("io.callstream.progress")
          .layer("pipeline")
          .definedBy("io.callstream.pipeline")
          .layer("runtime")
          .definedBy("io.callstream.runtime")
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
          .whereLayer("statistic")
          .mayOnlyAccessLayers("root", "call")
          .whereLayer("aggregate")
          .mayOnlyAccessLayers("root", "call", "statistic")
          .whereLayer("progress")
          .mayOnlyAccessLayers("root")
          .whereLayer("pipeline")
          .mayOnlyAccessLayers("root", "call", "statistic", "aggregate", "progress")
          .whereLayer("runtime")
          .mayOnlyAccessLayers("root", "call", "statistic", "aggregate", "progress", "pipeline")
          .whereLayer("engine")
          .mayOnlyAccessLayers("root", "call", "statistic", "progress", "pipeline", "runtime")
          .whereLayer("sink")
          .mayOnlyAccessLayers("root", "call", "statistic", "progress", "pipeline");

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("io.callstream.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule coreUsesFewLibraries =
      classes()
          .that()
          .haveSimpleNameNotStartingWith("DistinctMeasure")
          .and()
          .haveSimpleNameNotStartingWith("QuantileMeasure")
          .and()
          .haveNameNotMatching(".*\\.(DistinctMeasure|QuantileMeasure)\\$.*")
          .should()
          .onlyDependOnClassesThat(
              resideInAnyPackage(
                  "io.callstream..",
                  "java..",
                  "javax.sql..",
                  "org.slf4j..",
                  "com.fasterxml.jackson.annotation..",
                  "com.fasterxml.jackson.core..",
                  "org.jspecify.."));

  @ArchTest
  static final ArchRule sketchesAndHistogramsStandInOneClassEach =
      noClasses()
          .that(
              resideOutsideOfPackages("org..")
                  .and(
                      new com.tngtech.archunit.base.DescribedPredicate<>(
                          "are not the two measures") {
                        @Override
                        public boolean test(JavaClass c) {
                          return !c.getName().contains(".DistinctMeasure")
                              && !c.getName().contains(".QuantileMeasure");
                        }
                      }))
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("org.apache.datasketches..", "org.HdrHistogram.."));

  @ArchTest
  static final ArchRule noLibraryShowsInPublicSignatures =
      ArchRuleDefinition.methods()
          .that()
          .arePublic()
          .or()
          .areProtected()
          .should(
              new ArchCondition<>("show types of the JDK and of callstream only") {
                @Override
                public void check(JavaMethod method, ConditionEvents events) {
                  if (!method.getOwner().getModifiers().contains(JavaModifier.PUBLIC)) {
                    return;
                  }
                  method.getAllInvolvedRawTypes().stream()
                      .map(JavaClass::getBaseComponentType)
                      .filter(
                          type ->
                              !type.isPrimitive()
                                  && !type.getPackageName().startsWith("java.")
                                  && !type.getPackageName().equals("javax.sql")
                                  && !type.getPackageName().startsWith("io.callstream"))
                      .forEach(
                          type ->
                              events.add(
                                  SimpleConditionEvent.violated(
                                      method, method.getFullName() + " shows " + type.getName())));
                }
              });
}
