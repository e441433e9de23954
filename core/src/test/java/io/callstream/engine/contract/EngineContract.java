package io.callstream.engine.contract;

import io.callstream.engine.Capability;
import java.nio.file.Path;
import org.junit.jupiter.api.ClassOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.TestClassOrder;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rules that every engine must follow, as JUnit 5 tests. To test an engine, extend this class
 * and return the engine from {@link #testbed}. {@code docs/write-an-engine.md} lists the rules with
 * their numbers; each test has the number of its rule.
 *
 * <p>The kit skips the rules of a {@link Capability} that the engine does not declare. Rules 16
 * then require that the engine rejects it. {@link RandomPipelinesContract} contains rules 17.
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
  class G01_EventTime extends EventTimeRules {
    G01_EventTime() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(2)
  class G02_Window extends WindowRules {
    G02_Window() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(3)
  class G03_Watermark extends WatermarkRules {
    G03_Watermark() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(4)
  class G04_Lateness extends LatenessRules {
    G04_Lateness() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(5)
  class G05_Duplicate extends DuplicateRules {
    G05_Duplicate() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(6)
  class G06_Rejection extends RejectionRules {
    G06_Rejection() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(7)
  class G07_Lookup extends LookupRules {
    G07_Lookup() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(9)
  class G09_Emission extends EmissionRules {
    G09_Emission() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(10)
  class G10_GroupLimit extends GroupLimitRules {
    G10_GroupLimit() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(11)
  class G11_Measure extends MeasureRules {
    G11_Measure() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(12)
  class G12_Order extends OrderRules {
    G12_Order() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(13)
  class G13_Run extends RunRules {
    G13_Run() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(14)
  class G14_Failure extends FailureRules {
    G14_Failure() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(15)
  class G15_Restart extends RestartRules {
    G15_Restart() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(16)
  class G16_Capability extends CapabilityRules {
    G16_Capability() {
      super(EngineContract.this.kit);
    }
  }

  @Nested
  @Order(99)
  class G08_Accounting extends AccountingRules {
    G08_Accounting() {
      super(EngineContract.this.kit);
    }
  }
}
