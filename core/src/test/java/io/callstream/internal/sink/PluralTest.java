package io.callstream.internal.sink;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PluralTest {
  @Test
  void onlyOneIsSingular() {
    assertThat(Plural.of(1, "record")).isEqualTo("1 record");
    assertThat(Plural.of(0, "record")).isEqualTo("0 records");
    assertThat(Plural.of(2_000, "batch")).isEqualTo("2,000 batches");
    assertThat(Plural.of(2, "address")).isEqualTo("2 addresses");
    assertThat(Plural.of(1, "address")).isEqualTo("1 address");
  }
}
