package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.CallField;
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
                                          call -> Long.parseLong(call.text(CallField.CALL_TIME))))
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

  /**
   * Rows are sorted by count, highest first, and then by text as UTF-8 bytes. If it fails, check
   * whether the engine compares texts with {@code String.compareTo}, which uses UTF-16.
   */
  @Test
  void rule_12_1_rowsStandByCountThenByTextAsUtf8() throws Exception {
    assertThat(views.get().rows("types"))
        .containsExactly("z  2", "B  1", "a  1", "\u00e9  1", "\uff5e  1", "\ud83d\ude00  1");
  }

  /**
   * Numeric dimensions are sorted by value. If it fails, check whether the engine sorts numbers as
   * text.
   */
  @Test
  void rule_12_2_numbersStandByValue() throws Exception {
    assertThat(views.get().rows("numbers"))
        .containsExactly("100  2", "-50  1", "-5  1", "2  1", "7  1", "10  1");
  }

  /**
   * Windows are sorted by start, and each can be requested separately. If it fails, check the order
   * in which the engine returns windows.
   */
  @Test
  void rule_12_3_windowsStandByStart() throws Exception {
    assertThat(views.get().results().get("hourly").windows())
        .extracting(WindowBounds::start)
        .containsExactly(instant("2018-06-01T11:00:00Z"), instant("2018-06-01T12:00:00Z"));
    assertThat(
            Outcome.texts(
                views.get().results().get("hourly").window(instant("2018-06-01T11:00:00Z"))))
        .containsExactly("2018-06-01T11:00:00Z/2018-06-01T12:00:00Z  \ud83d\ude00  1");
  }

  /**
   * The top rows are those with the highest counts; equal counts are in the order of the rows. If
   * it fails, check whether the engine limits rows before it sorts them.
   */
  @Test
  void rule_12_4_theTopHasTheHighestCounts() throws Exception {
    assertThat(Outcome.texts(views.get().results().get("types").top(3)))
        .containsExactly("z  2", "B  1", "a  1");
    assertThat(views.get().results().get("types").top(0)).isEmpty();
  }
}
