package io.callstream.internal.aggregate;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;

class GroupKeyTest {

  /** Returns texts in which characters with a special meaning in keys are frequent. */
  private static Arbitrary<String> texts() {
    return Arbitraries.of(
            "\0",
            "\1",
            "\2",
            "\3",
            "a",
            "z",
            "\u007f",
            "\u00e9",
            "\uff5e",
            "\uffff",
            "\ud83d\ude00",
            "\ud834\udd1e")
        .list()
        .ofMaxSize(5)
        .map(parts -> String.join("", parts));
  }

  @Provide
  Arbitrary<Tuple2<List<String>, List<String>>> pairs() {
    return Arbitraries.integers()
        .between(0, 3)
        .flatMap(
            n ->
                Combinators.combine(texts().list().ofSize(n), texts().list().ofSize(n))
                    .as(Tuple::of));
  }

  @Property(tries = 20_000)
  @Label(
      "keys sort as the UTF-8 of their dimensions does from left to right, and differ as they do")
  void keysSortAsDimensions(@ForAll("pairs") Tuple2<List<String>, List<String>> pair) {
    int expected = 0;
    for (int i = 0; i < pair.get1().size() && expected == 0; i++) {
      expected =
          Arrays.compareUnsigned(
              pair.get1().get(i).getBytes(UTF_8), pair.get2().get(i).getBytes(UTF_8));
    }
    int actual = Arrays.compareUnsigned(GroupKey.of(pair.get1()), GroupKey.of(pair.get2()));
    assertThat(Integer.signum(actual)).isEqualTo(Integer.signum(expected));
  }

  @Property
  @Tag("campaign")
  @Label("a key contains its dimensions")
  void keysTellTheirDimensions(@ForAll("pairs") Tuple2<List<String>, List<String>> pair) {
    byte[] key = GroupKey.of(pair.get1());
    assertThat(GroupKey.dimensions(key, key.length, new TextCache())).isEqualTo(pair.get1());
  }
}
