package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Fields;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import org.junit.jupiter.api.Test;

/** Rules 12: the order of results. */
abstract class OrderRules extends ContractRules {
  OrderRules(ContractKit kit) {
    super(kit);
  }

  private final Tried views =
      new Tried(
          trial(
                  "views",
                  p ->
                      p.statistic(TYPES)
                          .statistic(
                              Statistic.named("numbers")
                                  .by(
                                      Dimension.ofNumber(
                                          "number",
                                          CALL_TIME,
                                          call -> Long.parseLong(call.text(Fields.CALL_TIME))))
                                  .build())
                          .statistic(byType("hourly", Windows.tumbling(HOUR))))
              .step(
                  view("1", "\ud83d\ude00", "11:30", "10"),
                  view("2", "\uff5e", "12:30", "2"),
                  view("3", "\u00e9", "12:30", "-5"),
                  view("4", "a", "12:30", "-50"),
                  view("5", "B", "12:30", "7"),
                  view("6", "z", "12:30", "100"),
                  view("7", "z", "12:30", "100")));

  private SourceRecord view(String id, String type, String time, String number) {
    return call(0, id, type, "2018-06-01T" + time + "Z", "call_time", number);
  }

  @Test
  @Rule(
      number = "12.1",
      text = "Rows are ordered by count descending, then by text as UTF-8 bytes.",
      check = "whether the engine compares texts with `String.compareTo`, which uses UTF-16")
  void rule_12_1() throws Exception {
    assertThat(views.get().rows("types"))
        .containsExactly("z  2", "B  1", "a  1", "\u00e9  1", "\uff5e  1", "\ud83d\ude00  1");
  }

  @Test
  @Rule(
      number = "12.2",
      text = "Number dimensions are ordered by value.",
      check = "whether the engine sorts numbers as text")
  void rule_12_2() throws Exception {
    assertThat(views.get().rows("numbers"))
        .containsExactly("100  2", "-50  1", "-5  1", "2  1", "7  1", "10  1");
  }

  @Test
  @Rule(
      number = "12.3",
      text = "Windows are ordered by start and can be requested one by one.",
      check = "the order in which the engine returns windows")
  void rule_12_3() throws Exception {
    assertThat(views.get().results("hourly").windows())
        .extracting(WindowBounds::start)
        .containsExactly(instant("2018-06-01T11:00:00Z"), instant("2018-06-01T12:00:00Z"));
    assertThat(Outcome.texts(views.get().results("hourly").window(instant("2018-06-01T11:00:00Z"))))
        .containsExactly("2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  \ud83d\ude00  1");
  }

  @Test
  @Rule(
      number = "12.4",
      text = "The top rows have the highest counts. Ties are in row order.",
      check = "whether the engine limits rows before it sorts them")
  void rule_12_4() throws Exception {
    assertThat(Outcome.texts(views.get().results("types").top(3)))
        .containsExactly("z  2", "B  1", "a  1");
    assertThat(views.get().results("types").top(0)).isEmpty();
  }
}
