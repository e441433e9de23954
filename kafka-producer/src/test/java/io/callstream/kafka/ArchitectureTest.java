package io.callstream.kafka;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

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

@AnalyzeClasses(
    packages = {"io.callstream.kafka", "io.callstream.internal.kafka"},
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final DescribedPredicate<JavaClass> INTERNAL =
      resideInAPackage("io.callstream.internal..");

  @ArchTest
  static final ArchRule sharedCodeUsesOnlyTheClusterOfThePublicTypes =
      noClasses()
          .that(INTERNAL)
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.callstream.kafka..")
                  .and(DescribedPredicate.not(type(KafkaCluster.class))));

  @ArchTest
  static final ArchRule onlySharedCodeReadsWithAConsumer =
      noClasses()
          .that()
          .areNotAssignableTo(OpenTopic.class)
          .and(DescribedPredicate.not(INTERNAL))
          .should()
          .dependOnClassesThat()
          .haveFullyQualifiedName("org.apache.kafka.clients.consumer.KafkaConsumer");

  /** The local engine loads the opener, so its signature shows types of the engine. */
  @ArchTest
  static final ArchRule publicSignaturesShowNoInternals =
      codeUnits()
          .that()
          .areDeclaredInClassesThat(
              DescribedPredicate.not(INTERNAL)
                  .and(DescribedPredicate.not(type(KafkaTopicOpener.class)))
                  .and(
                      DescribedPredicate.describe(
                          "are public", c -> c.getModifiers().contains(JavaModifier.PUBLIC))))
          .and(
              DescribedPredicate.describe(
                  "are public or protected",
                  unit ->
                      unit.getModifiers().contains(JavaModifier.PUBLIC)
                          || unit.getModifiers().contains(JavaModifier.PROTECTED)))
          .should(
              new ArchCondition<>("show no internal types") {
                @Override
                public void check(JavaCodeUnit unit, ConditionEvents events) {
                  unit.getAllInvolvedRawTypes().stream()
                      .map(JavaClass::getBaseComponentType)
                      .filter(INTERNAL)
                      .forEach(
                          shown ->
                              events.add(
                                  SimpleConditionEvent.violated(
                                      unit, unit.getFullName() + " shows " + shown.getName())));
                }
              });
}
