package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

class RowNumbersTest {
  @Property
  @Tag("campaign")
  @Label("a new row takes entries only from the row with its number without the highest bit")
  void aNewRowTakesEntriesFromOneRow(
      @ForAll int hash, @ForAll @IntRange(min = 1, max = 100_000) int count) {
    int before = RowNumbers.row(hash, count);
    int after = RowNumbers.row(hash, count + 1);
    assertThat(before).isBetween(0, count - 1);
    if (after != before) {
      assertThat(after).isEqualTo(count);
      assertThat(before).isEqualTo(count - Integer.highestOneBit(count));
    }
  }

  @Property
  @Tag("campaign")
  @Label("entries that move to another row come from the sources")
  void entriesThatMoveComeFromTheSources(
      @ForAll int hash,
      @ForAll @IntRange(min = 1, max = 300) int count,
      @ForAll @IntRange(max = 1_000) int more) {
    int before = RowNumbers.row(hash, count);
    Set<Integer> sources = RowNumbers.sources(count, count + more);
    if (RowNumbers.row(hash, count + more) != before) {
      assertThat(sources).contains(before);
    }
    assertThat(sources).hasSizeLessThanOrEqualTo(more);
  }
}
