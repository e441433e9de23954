package io.callstream.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClosingTest {
  private final List<String> closed = new ArrayList<>();

  private Closeable failing(String name) {
    return () -> {
      closed.add(name);
      throw new IOException(name);
    };
  }

  @Test
  void allAreClosedAndTheFirstFailureHasTheOthers() {
    List<Closeable> resources = List.of(failing("a"), () -> closed.add("b"), failing("c"));

    assertThatThrownBy(() -> Closing.all(resources, Closeable::close))
        .isInstanceOf(IOException.class)
        .hasMessage("a")
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1))
        .satisfies(e -> assertThat(e.getSuppressed()[0]).hasMessage("c"));
    assertThat(closed).containsExactly("a", "b", "c");
  }

  @Test
  void aFailureToCloseDoesNotReplaceTheFailureBeforeIt() {
    Exception failure = new IllegalStateException("damaged");

    Closing.after(failure, failing("a"));

    assertThat(failure).hasMessage("damaged");
    assertThat(failure.getSuppressed()).hasSize(1);
    assertThat(failure.getSuppressed()[0]).hasMessage("a");
  }
}
