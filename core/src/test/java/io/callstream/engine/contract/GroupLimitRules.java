package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Rules 10: the limit on the number of groups. */
abstract class GroupLimitRules extends ContractRules {
  GroupLimitRules(ContractKit kit) {
    super(kit);
  }

  private final Tried groups =
      new Tried(
          trial(
                  "groups",
                  p ->
                      p.statistic(
                              Statistic.named("few").by(Dimensions.CRIME_TYPE).maxGroups(3).build())
                          .statistic(
                              Statistic.named("daily")
                                  .by(Dimensions.CRIME_TYPE)
                                  .over(Windows.daily(LOS_ANGELES).withoutLateness())
                                  .maxGroups(1)
                                  .build()))
              .partitions(2)
              .step(types("d", "b"))
              .step(types("e", "e", "c", "a", "f"))
              .step(types("a", "c", "b")));

  private List<SourceRecord> types(String... types) {
    List<SourceRecord> records = new ArrayList<>();
    for (String type : types) {
      records.add(call(records.size() % 2, type + records.size(), type, "2018-06-01T12:00"));
    }
    return records;
  }

  @Test
  @Rule(
      number = "10.1",
      text = "New groups are accepted up to the limit, in each batch in key order.",
      check = "whether the order depends on partitions or tasks")
  void rule_10_1() throws Exception {
    assertThat(groups.get().updates(1, "few")).containsExactly("(other)  4", "a  1");
  }

  @Test
  @Rule(
      number = "10.2",
      text = "Calls of other groups count in `(other)`, so that no call is lost.",
      check = "whether the engine drops these calls")
  void rule_10_2() throws Exception {
    assertThat(groups.get().rows("few")).containsExactly("(other)  5", "a  2", "b  2", "d  1");
    assertThat(groups.get().contributions("few").counted()).isEqualTo(10);
  }

  @Test
  @Rule(
      number = "10.3",
      text = "Groups in windows have no limit, because windows close.",
      check = "whether the engine applies the limit to windows")
  void rule_10_3() throws Exception {
    assertThat(groups.get().results("daily").rows()).hasSize(6);
  }
}
