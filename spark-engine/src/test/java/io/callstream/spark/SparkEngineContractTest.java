package io.callstream.spark;

import io.callstream.engine.contract.EngineContract;
import io.callstream.engine.contract.Testbed;
import java.util.Set;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Runs the engine contract on the Spark engine, except for rules that only core implements. {@link
 * RocksDbContractTest} runs all rules.
 */
@ExtendWith(SparkEngineContractTest.OwnRules.class)
class SparkEngineContractTest extends EngineContract {
  @Override
  protected Testbed testbed() {
    return new SparkTestbed();
  }

  /** Skips the rules that core implements, which its tests check for two engines. */
  static final class OwnRules implements ExecutionCondition {
    private static final Set<String> OF_CORE =
        Set.of(
            "G01_EventTime",
            "G02_Window",
            "G04_Lateness",
            "G09_Emission",
            "G11_Measure",
            "G12_Order",
            "G18_Format",
            "G22_Spike");

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      String group = context.getRequiredTestClass().getSimpleName();
      return OF_CORE.contains(group)
          ? ConditionEvaluationResult.disabled(group + " is checked in core")
          : ConditionEvaluationResult.enabled("");
    }
  }
}
