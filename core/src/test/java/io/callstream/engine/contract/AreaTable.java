package io.callstream.engine.contract;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupTable;
import io.callstream.progress.Progress.LookupVersion;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The table of a lookup from addresses to areas, in generations. The number of rows shows the
 * generation, independently of the versions that an engine assigns.
 */
public final class AreaTable implements LookupSource {
  static final String LOOKUP = "areas";
  static final Field<String> AREA = Field.text("area");

  private static final int LEAST_ROWS = 10;

  private final boolean changes;
  private final AtomicInteger generation;

  private AreaTable(boolean changes, int first) {
    this.changes = changes;
    generation = new AtomicInteger(first);
  }

  /** Returns a table that is of the next generation after each poll. */
  static AreaTable changing(int first) {
    return new AreaTable(true, first);
  }

  /** Returns a table that changes only by {@link #set}. */
  static AreaTable fixed() {
    return new AreaTable(false, 0);
  }

  void set(int next) {
    generation.set(next);
  }

  /** Returns the lookup of this table. */
  LookupTable lookup() {
    return LookupTable.named(LOOKUP).by(Fields.ADDRESS).text(AREA, "area").from(this).build();
  }

  /** Returns the generation that a batch reports. */
  static int generation(Map<String, LookupVersion> lookups) {
    LookupVersion version = lookups.get(LOOKUP);
    return version == null ? 0 : (int) version.rows() - LEAST_ROWS;
  }

  /** Returns the area of an address in a generation, or the empty text. */
  static String area(int generation, String address) {
    int index = Scenario.ADDRESSES.indexOf(address);
    return index <= 0 || (index * 7 + generation * 3) % 4 == 0
        ? ""
        : "area " + (index + generation) % 3;
  }

  private static Map<String, List<String>> rows(int generation) {
    Map<String, List<String>> rows = new HashMap<>();
    for (String address : Scenario.ADDRESSES) {
      String area = area(generation, address);
      if (!area.isEmpty()) {
        rows.put(address, List.of(area));
      }
    }
    for (int i = 0; rows.size() < LEAST_ROWS + generation; i++) {
      rows.put("no address " + i, List.of("nowhere"));
    }
    return rows;
  }

  @Override
  public String description() {
    return "areas of the kit";
  }

  @Override
  public Reader open(LookupTable table) {
    return () -> Optional.of(rows(changes ? generation.incrementAndGet() : generation.get()));
  }
}
