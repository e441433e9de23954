package io.callstream.engine.contract;

import io.callstream.engine.Capability;
import java.nio.file.Path;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestClassOrder;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rules that every engine must follow, as JUnit 5 tests. To test an engine, extend this class
 * and return the engine from {@link #testbed}. {@code docs/write-an-engine.md} shows how.
 *
 * <p>Each test has a {@link Rule}. The number and the text of the rule are the name of the test. A
 * failure shows the rule and where to look.
 *
 * <p>The kit skips the rules of a {@link Capability} that the engine does not declare. Group 16
 * then requires that the engine rejects it. {@link RandomPipelinesContract} contains group 17.
 *
 * <p>The rules of a group share trials: a few records in specified batches, whose outcome several
 * rules check. If all rules of a group fail in the same way, the trial itself failed. See the first
 * message.
 */
@TestInstance(Lifecycle.PER_CLASS)
@TestClassOrder(ClassOrderer.OrderAnnotation.class)
@Timeout(300)
public abstract class EngineContract {
  private final ContractKit kit = new ContractKit(this::testbed, () -> this.directory);

  /** A new directory for each test. */
  @TempDir private Path directory;

  /** Returns the engine under test and its sources. The kit calls it many times. */
  protected abstract Testbed testbed();

  @Nested
  @Order(1)
  @DisplayName("1 Event time")
  class G01_EventTime extends EventTimeRules {
    G01_EventTime() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(2)
  @DisplayName("2 Windows")
  class G02_Window extends WindowRules {
    G02_Window() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(3)
  @DisplayName("3 Watermark")
  class G03_Watermark extends WatermarkRules {
    G03_Watermark() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(4)
  @DisplayName("4 Lateness")
  class G04_Lateness extends LatenessRules {
    G04_Lateness() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(5)
  @DisplayName("5 Duplicates")
  class G05_Duplicate extends DuplicateRules {
    G05_Duplicate() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(6)
  @DisplayName("6 Rejected records")
  class G06_Rejection extends RejectionRules {
    G06_Rejection() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(7)
  @DisplayName("7 Fields and lookups")
  class G07_Lookup extends LookupRules {
    G07_Lookup() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(9)
  @DisplayName("9 Emission")
  class G09_Emission extends EmissionRules {
    G09_Emission() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(10)
  @DisplayName("10 Group limits")
  class G10_GroupLimit extends GroupLimitRules {
    G10_GroupLimit() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(11)
  @DisplayName("11 Measures")
  class G11_Measure extends MeasureRules {
    G11_Measure() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(12)
  @DisplayName("12 Order of rows")
  class G12_Order extends OrderRules {
    G12_Order() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(13)
  @DisplayName("13 Runs")
  class G13_Run extends RunRules {
    G13_Run() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(14)
  @DisplayName("14 Failures")
  class G14_Failure extends FailureRules {
    G14_Failure() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(15)
  @DisplayName("15 Restart from a checkpoint")
  class G15_Restart extends RestartRules {
    G15_Restart() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(16)
  @DisplayName("16 Capabilities")
  class G16_Capability extends CapabilityRules {
    G16_Capability() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(18)
  @DisplayName("18 Formats with code")
  class G18_Format extends FormatRules {
    G18_Format() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(19)
  @DisplayName("19 Restart with other statistics")
  class G19_Evolution extends EvolutionRules {
    G19_Evolution() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(21)
  @DisplayName("21 Corrections")
  class G21_Correction extends CorrectionRules {
    G21_Correction() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(22)
  @DisplayName("22 Spikes")
  class G22_Spike extends SpikeRules {
    G22_Spike() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(99)
  @DisplayName("8 Accounting")
  class G08_Accounting extends AccountingRules {
    G08_Accounting() {
      super(EngineContract.this.kit);
    }
  }
}
