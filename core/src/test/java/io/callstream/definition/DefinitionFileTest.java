package io.callstream.definition;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DefinitionFileTest {
  private static final String FORMAT =
      """
      # Orders of a shop
      name = orders
      zone = Europe/Berlin
      id = nr
      type = kind, old.kind
      time = at
      time.patterns = iso, MMM d',' uuuu HH:mm, epoch-seconds
      time.shipped = shipped
      time.paid = paid, payment.at
      time.paid.patterns = epoch-millis
      text.product = item.name, item.code
      text.note = "Note, internal"
      number.quantity = qty
      decimal.price = price
      decimal.rate = rate
      decimal.rate.scale = 4
      real.weight = kg
      flag.gift = gift
      position.shop = lat, lon
      position.home = home
      absent = NULL, n/a
      """;

  private static final JsonFormat BUILT =
      JsonFormat.builder("orders")
          .zone(ZoneId.of("Europe/Berlin"))
          .id("nr")
          .type("kind", "old.kind")
          .time("at", "iso", "MMM d',' uuuu HH:mm", "epoch-seconds")
          .time(Field.time("shipped"), "shipped", "iso", "MMM d',' uuuu HH:mm", "epoch-seconds")
          .time(Field.time("paid"), List.of("paid", "payment.at"), List.of("epoch-millis"))
          .text(Field.text("product"), "item.name", "item.code")
          .text(Field.text("note"), "Note, internal")
          .number(Field.number("quantity"), "qty")
          .number(Field.decimal("price", 2), "price")
          .number(Field.decimal("rate", 4), "rate")
          .number(Field.real("weight"), "kg")
          .flag(Field.flag("gift"), "gift")
          .position(Field.position("shop"), "lat", "lon")
          .position(Field.position("home"), "home")
          .absent("NULL", "n/a")
          .build();

  private static final String HOURLY =
      "statistic.a.window = hourly\nstatistic.a.baseline = weekly\n";

  @TempDir private Path directory;

  private Path write(String text, Charset charset) throws IOException {
    return Files.write(directory.resolve("orders.properties"), text.getBytes(charset));
  }

  private DefinitionFile read(String text) throws IOException {
    return DefinitionFile.read(write(text, UTF_8));
  }

  private List<Statistic> statistics(String text) throws IOException {
    return read(text).statistics(BUILT, Duration.ofHours(1));
  }

  @Test
  void readsABaseline() throws IOException {
    Statistic statistic =
        statistics(
                """
                statistic.spikes.by = product
                statistic.spikes.window = hourly
                statistic.spikes.baseline = weekly
                statistic.spikes.baseline-weeks = 6
                statistic.spikes.baseline-holidays = 2026-12-25, 2026-12-26
                statistic.spikes.baseline-min-history = 3
                statistic.spikes.baseline-min-count = 7
                statistic.spikes.baseline-false-alarm-rate = 0.001
                """)
            .get(0);
    assertThat(statistic.baseline())
        .contains(
            new Baseline(
                ZoneId.of("Europe/Berlin"),
                6,
                Set.of(LocalDate.of(2026, 12, 25), LocalDate.of(2026, 12, 26)),
                3,
                7,
                0.001));
    assertThat(statistic.emission()).isEqualTo(Emission.ON_CLOSE);
    assertThat(statistic.columns())
        .containsExactly(
            "window_start",
            "window_end",
            "product",
            "count",
            "expected",
            "spread",
            "score",
            "history");
  }

  @Test
  void aFileGivesTheFormatThatTheBuilderGives() throws IOException {
    CallFormat format = read(FORMAT).format().orElseThrow();
    assertThat(format.definition()).isEqualTo(BUILT.definition());
    assertThat(format.fields()).isEqualTo(BUILT.fields());
    assertThat(format.zone()).isEqualTo(BUILT.zone());
  }

  @Test
  void theDefinitionDoesNotDependOnThePathTheOrderOrTheNotation() throws IOException {
    List<String> lines = new ArrayList<>(FORMAT.lines().toList());
    java.util.Collections.reverse(lines);
    String other = "\ufeff" + String.join("\r\n", lines).replace(" = ", ":") + "\r\n";
    Path file = Files.writeString(directory.resolve("other name.txt"), other);
    assertThat(DefinitionFile.read(file).format().orElseThrow().definition())
        .isEqualTo(BUILT.definition());
  }

  @Test
  void sharedFieldsAreThoseOfFields() throws IOException {
    CallFormat format =
        read("name=a\nzone=UTC\ntime=t\ntime.on_scene=s\ntext.disposition=d\n")
            .format()
            .orElseThrow();
    assertThat(format.fields()).containsExactlyInAnyOrder(Fields.ON_SCENE, Fields.DISPOSITION);
  }

  @Test
  void aFileWithStatisticsOnlyHasNoFormat() throws IOException {
    DefinitionFile file = read("statistic.by-product.by = product\n");
    assertThat(file.format()).isEmpty();
    assertThat(file.statistics(BUILT, Duration.ZERO))
        .singleElement()
        .hasToString(
            Statistic.named("by-product")
                .by(io.callstream.statistic.Dimension.of("product", Field.text("product")))
                .build()
                .toString());
    assertThat(read(FORMAT).statistics(BUILT, Duration.ZERO)).isEmpty();
  }

  static Stream<Arguments> mistakesOfFormats() {
    return Stream.of(
        arguments("", "key 'name': it is missing. Add a line 'name = …'"),
        arguments("name = a\ntime = t", "key 'zone': it is missing"),
        arguments("name = a\nzone = UTC", "key 'time': it is missing"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ntext.product = p\nrequired = prodct",
            "key 'required': the format 'a' has no field 'prodct'. Did you mean 'product'?"),
        arguments("name = a\nzone = America/Chikago\ntime = t", "Did you mean 'America/Chicago'?"),
        arguments("name = a\nzone = UTC\ntime =", "key 'time': it has no value"),
        arguments("name = a\nname = b", "key 'name': it occurs twice"),
        arguments("nmae = a", "key 'nmae': there is no such key. Did you mean 'name'?"),
        arguments("txt.beat = a", "Did you mean 'text.beat'?"),
        arguments("statistics.a.by = b", "Did you mean 'statistic.a.by'?"),
        arguments("time.paid = p\ntime.paid.pattern = iso", "Did you mean 'time.paid.patterns'?"),
        arguments("time.paid.patterns = iso", "key 'time.paid.patterns': there is no such key"),
        arguments("number.a = b\nnumber.a.scale = 2", "key 'number.a.scale': there is no such"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ntime.patterns = yyyy-bb",
            "'time.patterns': 'yyyy-bb' is not a pattern"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ntext.Beat = b",
            "'text.Beat': 'Beat' is not a valid name"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ntext.beat = a..b", "key 'text.beat': The path 'a..b'"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ntext.beat = a,,b", "has a comma without a value"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ntext.beat = \"a",
            "a quote or a parenthesis that is not closed"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ndecimal.p = a\ndecimal.p.scale = x",
            "'decimal.p.scale': 'x' is not a number of digits"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ndecimal.p = a\ndecimal.p.scale = 19",
            "'decimal.p.scale': The scale"),
        arguments(
            "name = a\nzone = UTC\ntime = t\nposition.p = a, b, c",
            "key 'position.p': it has 3 values"),
        arguments(
            "name = a\nzone = UTC\ntime = t\ntext.a = x\nnumber.a = y",
            "key 'number.a': The field a"),
        arguments("name = a\nzone = UTC\ntime = t\ntext.a = x\ntext.b = x.y", "'x.y' leads into"),
        arguments("name = \\u12", "wrong escape"));
  }

  @ParameterizedTest
  @MethodSource("mistakesOfFormats")
  void aMistakeOfAFormatNamesTheFileTheKeyAndTheFix(String text, String message)
      throws IOException {
    String file = text.isEmpty() ? "text.a = b" : text;
    assertThatThrownBy(() -> read(file))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .startsWith(directory.resolve("orders.properties").toString())
        .contains(message)
        .containsOnlyOnce("orders.properties");
  }

  @Test
  void aFileThatIsNoTextInUtf8IsRefused() throws IOException {
    Path latin = write("name = a\ntext.street = Straße\n", ISO_8859_1);
    assertThatThrownBy(() -> DefinitionFile.read(latin))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(latin.toString(), "UTF-8", "line 2");
    Path wide = write("name = a\n", UTF_16);
    assertThatThrownBy(() -> DefinitionFile.read(wide))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("UTF-8", "line 1");
  }

  @Test
  void aFileThatCannotBeReadIsAFailure() {
    for (Path path : List.of(directory, directory.resolve("missing"))) {
      assertThatThrownBy(() -> DefinitionFile.read(path))
          .isInstanceOfSatisfying(
              CallstreamException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT_FAILED))
          .hasMessageContaining(path.toString());
    }
  }

  @Test
  void dataInsteadOfADefinitionIsRefused() throws IOException {
    Path data = write("x".repeat((1 << 20) + 1), UTF_8);
    assertThatThrownBy(() -> DefinitionFile.read(data))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("more than 1048576 bytes", "not the data");
  }

  @Test
  void rejectsRecordsWithoutARequiredField() throws IOException {
    JsonFormat format =
        read("""
                name = orders
                zone = UTC
                time = at
                text.product = product
                decimal.amount = amount
                required = amount
                """)
            .format()
            .orElseThrow();
    CallParser parser = format.parser(Set.of(Field.text("product")));
    String whole = "{\"at\":\"2026-01-01T00:00:00Z\",\"amount\":1}";
    assertThat(parser.parse(whole.getBytes(UTF_8))).isInstanceOf(ParseResult.Parsed.class);
    ParseResult rejected = parser.parse("{\"at\":\"2026-01-01T00:00:00Z\"}".getBytes(UTF_8));
    assertThat(rejected)
        .isInstanceOfSatisfying(
            ParseResult.Rejected.class,
            missing -> {
              assertThat(missing.reason()).isEqualTo(RejectionReason.MISSING_FIELD);
              assertThat(missing.field()).isEqualTo("amount");
            });
  }

  @Test
  void readsMeasuresOfNumbers() throws IOException {
    Field<Long> quantity = Field.number("quantity");
    Field<BigDecimal> price = Field.decimal("price", 2);
    Statistic statistic =
        statistics(
                """
                statistic.a.measures = sum(price) as revenue, mean(weight), minimum(quantity), \
                  maximum(price), median(quantity), quantile(0.9, price) as p90, top(3, product), \
                  distinct(gift)
                """)
            .get(0);
    assertThat(statistic.measures())
        .extracting(Object::toString)
        .containsExactly(
            Measures.sum("revenue", price).toString(),
            Measures.mean("mean_weight", Field.real("weight")).toString(),
            Measures.minimum("minimum_quantity", quantity).toString(),
            Measures.maximum("maximum_price", price).toString(),
            Measures.quantile("median_quantity", 0.5, quantity).toString(),
            Measures.quantile("p90", 0.9, price).toString(),
            Measures.top("top_3_product", 3, Field.text("product")).toString(),
            Measures.approximateDistinct("distinct_gift", Field.flag("gift")).toString());
  }

  @Test
  void readsTheRatioOfCallsWithAValue() throws IOException {
    Field<Boolean> gift = Field.flag("gift");
    Measure.Aggregate ratio =
        (Measure.Aggregate)
            statistics("statistic.a.measures = ratio(gift, true) as gifts")
                .get(0)
                .measures()
                .get(0);
    Measure.Accumulator all = ratio.empty();
    for (boolean isGift : new boolean[] {true, false, false, true, false}) {
      all.add(Call.builder(Instant.EPOCH, Set.of(gift)).with(gift, isGift).build());
    }
    assertThat(ratio.name()).isEqualTo("gifts");
    assertThat(all.value()).contains(0.4);
    assertThat(ratio).asString().contains("gift in [\"true\"]");
  }

  @Test
  void readsWindowsAndMeasuresAndEmission() throws IOException {
    List<Statistic> all =
        statistics(
            """
            statistic.sales.by = product, gift, quantity, hour_of_day
            statistic.sales.window = 1h every 15m
            statistic.sales.lateness = 2h
            statistic.sales.measures = count as orders, share, distinct(note), \\
              median(paid, shipped), quantile(0.9, paid, shipped) as p90, mean(time, shipped), \\
              minimum(paid, shipped) as least, maximum(paid, shipped) as most
            statistic.sales.emit = close
            statistic.days.window = daily
            statistic.weeks.window = weekly
            statistic.months.window = monthly
            statistic.quarters.window = 15m
            statistic.total.max-groups = 7
            """);
    Statistic sales = all.get(0);
    assertThat(sales.columns())
        .containsExactly(
            "window_start",
            "window_end",
            "product",
            "gift",
            "quantity",
            "hour_of_day",
            "orders",
            "share",
            "distinct_note",
            "median_paid_shipped",
            "p90",
            "mean_time_shipped",
            "least",
            "most");
    assertThat(sales.emission()).isEqualTo(Emission.ON_CLOSE);
    ZoneId berlin = ZoneId.of("Europe/Berlin");
    assertThat(all)
        .extracting(statistic -> statistic.window().orElse(null))
        .containsExactly(
            Windows.sliding(Duration.ofHours(1), Duration.ofMinutes(15))
                .allowingLateness(Duration.ofHours(2)),
            Windows.daily(berlin).allowingLateness(Duration.ofHours(1)),
            Windows.weekly(berlin).allowingLateness(Duration.ofHours(1)),
            Windows.monthly(berlin).allowingLateness(Duration.ofHours(1)),
            Windows.tumbling(Duration.ofMinutes(15)).allowingLateness(Duration.ofHours(1)),
            null);
    assertThat(all.get(5).maxGroups()).isEqualTo(7);
  }

  static Stream<Arguments> mistakesOfStatistics() {
    return Stream.of(
        arguments(
            "statistic.a.by = prduct",
            "key 'statistic.a.by': the format 'orders' has no field 'prduct'. Did you mean 'product'?"),
        arguments("statistic.a.by = shop", "the field 'shop' is a position"),
        arguments("statistic.a.by = time", "the field 'time' is a time"),
        arguments("statistic.a.bi = product", "Did you mean 'statistic.a.by'?"),
        arguments("statistic.a = product", "key 'statistic.a': there is no such key"),
        arguments("statistic.A.by = product", "'A' is not a valid name of a statistic"),
        arguments("statistic.a.window = hour", "'hour' is not a window"),
        arguments("statistic.a.window = 1h every 7m", "not a multiple"),
        arguments("statistic.a.window = 0", "key 'statistic.a.window'"),
        arguments(
            "statistic.a.window = 1h\nstatistic.a.lateness = soon",
            "key 'statistic.a.lateness': 'soon' is no duration"),
        arguments(
            "statistic.a.window = 1h\nstatistic.a.lateness = 99999d",
            "key 'statistic.a.lateness': The allowed lateness"),
        arguments("statistic.a.lateness = 1h", "is without effect"),
        arguments("statistic.a.measures = cuont", "Did you mean 'count'?"),
        arguments("statistic.a.measures = count(product)", "'count(product)' is not a measure"),
        arguments("statistic.a.measures = mean(paid)", "is a time, and it must be a number"),
        arguments(
            "statistic.a.measures = mean(paid, product)",
            "the field 'product' is a text, and it must be a time"),
        arguments("statistic.a.measures = sum(product)", "is a text, and it must be a number"),
        arguments("statistic.a.measures = top(many, product)", "'many' is not a number"),
        arguments("statistic.a.measures = top(0, product)", "it must be"),
        arguments("statistic.a.measures = quantile(x, paid, shipped)", "'x' is not a number"),
        arguments("statistic.a.measures = ratio(gift, maybe)", "'maybe' is not a value"),
        arguments("statistic.a.measures = ratio(paid, 1)", "the field 'paid' is a time"),
        arguments("statistic.a.measures = quantile(2, paid, shipped)", "The quantile is 2.0"),
        arguments("statistic.a.measures = count as Orders", "'Orders' is not a valid column name"),
        arguments("statistic.a.measures = count, count", "has the column 'count' twice"),
        arguments("statistic.a.measures = mean(paid, shipped", "not closed"),
        arguments("statistic.a.emit = often", "'often' is not update or close"),
        arguments("statistic.a.emit = close", "has no window"),
        arguments("statistic.a.max-groups = many", "'many' is not a number"),
        arguments("statistic.a.baseline-weeks = 4", "is without effect"),
        arguments("statistic.a.baseline = daily", "'daily' is not a baseline. Write weekly."),
        arguments("statistic.a.baseline = weekly", "but has no window"),
        arguments(
            "statistic.a.window = session 5m\nstatistic.a.baseline = weekly",
            "but has the windows Session"),
        arguments(HOURLY + "statistic.a.baseline-weeks = 54", "must be from 1 to 53"),
        arguments(HOURLY + "statistic.a.baseline-weeks = few", "'few' is not a number"),
        arguments(HOURLY + "statistic.a.baseline-holidays = 4.7.2018", "'4.7.2018' is not a date"),
        arguments(HOURLY + "statistic.a.baseline-min-history = 0", "must be at least 1"),
        arguments(HOURLY + "statistic.a.baseline-min-count = 0", "must be at least 1"),
        arguments(HOURLY + "statistic.a.baseline-false-alarm-rate = 1", "from 1e-12 to 0.1"),
        arguments(HOURLY + "statistic.a.baseline-false-alarm-rate = no", "'no' is not a number"),
        arguments("statistic.a.max-groups = 0", "must be at least 1"),
        arguments("statistic.a.where.prodct = tea", "Did you mean 'product'?"),
        arguments("statistic.a.where.shipped = now", "the field 'shipped' is a time"),
        arguments("statistic.a.where.gift = maybe", "'maybe' is not a value of the field 'gift'"),
        arguments(
            "statistic.a.where.price = 1.234", "'1.234' is not a value of the field 'price'"));
  }

  @ParameterizedTest
  @MethodSource("mistakesOfStatistics")
  void aMistakeOfAStatisticNamesTheFileTheKeyAndTheFix(String text, String message) {
    assertThatThrownBy(() -> statistics(text))
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .startsWith(directory.resolve("orders.properties") + ", key 'statistic.")
        .contains(message)
        .containsOnlyOnce("orders.properties");
  }

  @Test
  void countsByTypedFieldsAndFilters() throws Exception {
    DefinitionFile file =
        read(
            """
            name = orders
            zone = UTC
            time = at
            text.product = product
            number.quantity = qty
            decimal.price = price
            flag.gift = gift
            statistic.all.by = quantity, price, gift
            statistic.tea.where.product = tea, "tea, green"
            statistic.tea.where-not.gift = true
            statistic.cheap.where.price = 4.5
            """);
    JsonFormat format = file.format().orElseThrow();
    List<Statistic> statistics = copies(file.statistics(format, Duration.ZERO));
    try (PipelineTester test =
        PipelineTester.of(format, 1, parts -> parts.statistics(statistics))) {
      for (String order :
          List.of(
              "'product':'tea','qty':2,'price':4.5,'gift':'y'",
              "'product':'tea','qty':'2','price':'4.50','gift':true",
              "'product':'tea, green','qty':2,'price':4.50,'gift':false",
              "'product':'tea'",
              "'product':'coffee','price':9")) {
        test.receive(("{'at':'2024-05-01T10:00',%s}".formatted(order)).replace('\'', '"'));
      }
      test.endBatch();
      assertThat(test.results("all"))
          .extracting(row -> row.dimensions() + " " + row.count())
          .containsExactlyInAnyOrder(
              "[2, 4.50, true] 2", "[2, 4.50, false] 1", "[, , ] 1", "[, 9.00, ] 1");
      assertThat(test.results("tea")).extracting(ResultRow::count).containsExactly(2L);
      assertThat(test.results("cheap")).extracting(ResultRow::count).containsExactly(3L);
    }
  }

  @Test
  void groupsByWholeNumbersAsNumbers() throws Exception {
    DefinitionFile file =
        read(
            """
            name = orders
            zone = UTC
            time = at
            number.quantity = qty
            decimal.price = price
            statistic.quantities.by = quantity
            statistic.prices.by = price
            """);
    JsonFormat format = file.format().orElseThrow();
    List<Statistic> statistics = copies(file.statistics(format, Duration.ZERO));
    assertThat(statistics)
        .extracting(statistic -> statistic.dimensions().get(0).kind())
        .containsExactly(Dimension.Kind.NUMBER, Dimension.Kind.TEXT);
    try (PipelineTester test =
        PipelineTester.of(format, 1, parts -> parts.statistics(statistics))) {
      for (String order : List.of("'qty':10", "'qty':9", "'price':1", "'qty':-3", "'qty':null")) {
        test.receive("{'at':'2024-05-01T10:00',%s}".formatted(order).replace('\'', '"'));
      }
      test.endBatch();
      assertThat(test.results("quantities"))
          .as("by count, then by number; orders without a number have no value")
          .extracting(ResultRow::columns)
          .containsExactly(
              Arrays.asList(null, 2L), List.of(-3L, 1L), List.of(9L, 1L), List.of(10L, 1L));
      test.receive("{'at':'2024-05-01T10:00','qty':9}".replace('\'', '"')).endBatch();
      assertThat(test.results("quantities"))
          .extracting(row -> row.dimensions().get(0))
          .containsExactly("", "9", "-3", "10");
    }
  }

  /** Returns the statistics as tasks get them. */
  private static List<Statistic> copies(List<Statistic> statistics) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new ArrayList<>(statistics));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      List<Statistic> copies = new ArrayList<>();
      ((List<?>) in.readObject()).forEach(copy -> copies.add((Statistic) copy));
      return copies;
    }
  }

  @Test
  void theFingerprintOfAFilterContainsItsValues() throws IOException {
    Statistic tea = statistics("statistic.a.where.product = tea").get(0);
    assertThat(statistics("statistic.a.where.product = coffee").get(0).toString())
        .isNotEqualTo(tea.toString());
    assertThat(statistics("statistic.a.where-not.product = tea").get(0).toString())
        .isNotEqualTo(tea.toString());
    assertThat(statistics("statistic.a.where.product = tea, cake").get(0).toString())
        .isNotEqualTo(statistics("statistic.a.where.product = \"tea, cake\"").get(0).toString());
    assertThat(tea.toString()).contains("product in [\"tea\"]");
  }
}
