package io.callstream.engine.contract;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The state that the groups of rules share: the test bed, directories and outcomes. */
final class ContractKit {
  private final Supplier<Testbed> testbed;
  private final Supplier<Path> directory;
  private final List<Outcome> outcomes = new ArrayList<>();
  private int directories;

  ContractKit(Supplier<Testbed> testbed, Supplier<Path> directory) {
    this.testbed = testbed;
    this.directory = directory;
  }

  Testbed testbed() {
    return testbed.get();
  }

  Path directory() {
    return directory.get();
  }

  /** Returns the path of a directory that does not exist yet. */
  Path newDirectory() {
    return directory().resolve("checkpoint-" + ++directories);
  }

  /** Returns the outcomes of all trials so far; modifiable. */
  List<Outcome> outcomes() {
    return outcomes;
  }
}
