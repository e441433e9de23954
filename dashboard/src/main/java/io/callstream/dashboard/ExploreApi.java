package io.callstream.dashboard;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import io.callstream.dashboard.ExploreIndex.Facet;
import io.callstream.dashboard.ExploreIndex.Selection;
import io.callstream.dashboard.ExploreIndex.Series;
import io.callstream.dashboard.ExploreQuery.Column;
import io.callstream.engine.RunDetails;
import io.callstream.engine.RunningPipeline;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.sink.StatisticsApi;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.statistic.CodeTable;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.RadioCodes;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code /api/explore}: sums of the calls that filters accept. Responses are computed once
 * for each batch and query, are compressed, and have an entity tag, so that an open page costs
 * little while nothing changes. Requests are computed one at a time, so that they leave the other
 * processors to the run. Equal requests share one computation. At most {@value #MAX_REQUESTS}
 * different ones are computed or wait; others get the status 503. Thread-safe.
 */
final class ExploreApi {
  static final String PATH = "/api/explore";
  static final int MAX_REQUESTS = 8;
  private static final int MAX_CACHED = 64;
  private static final int MAX_SPIKES = 50;
  private static final List<String> SPIKE_COLUMNS = List.of("expected", "spread", "score");

  private final RunningPipeline running;
  private final Operations operations;
  private final TypeGroups groups;
  private final Optional<CodeTable> dispositions;
  private final Optional<Statistic> statistic;
  private final @Nullable ExploreIndex index;
  private final Semaphore permits = new Semaphore(MAX_REQUESTS);
  private final Map<Request, CompletableFuture<Optional<Body>>> inProgress =
      new ConcurrentHashMap<>();
  private volatile @Nullable Cache cache;

  /** What responses depend on, in addition to the query. */
  private record Inputs(
      Map<String, @Nullable Object> header, Optional<Instant> upTo, Accounting accounting) {}

  /** Requests that have the same response. */
  private record Request(ExploreQuery query, Inputs inputs) {}

  /** The responses to queries with the same inputs. */
  private record Cache(Inputs inputs, Map<ExploreQuery, Body> bodies) {}

  /** A response in gzip, and its entity tag. */
  private record Body(byte[] gzip, String tag) {}

  ExploreApi(RunningPipeline running, Operations operations) {
    this.running = running;
    this.operations = operations;
    this.groups = TypeGroups.of(running.pipeline().format());
    this.statistic = ExploreIndex.statistic(running.pipeline());
    this.index =
        statistic
            .map(s -> new ExploreIndex(s, running.pipeline().format().zone(), groups))
            .orElse(null);
    this.dispositions = groups.names().isEmpty() ? codes() : Optional.of(RadioCodes.sanFrancisco());
  }

  private Optional<CodeTable> codes() {
    return statistic.stream()
        .flatMap(s -> s.dimensions().stream())
        .filter(dimension -> dimension.name().equals(Column.DISPOSITION.column()))
        .flatMap(dimension -> dimension.codes().stream())
        .findFirst();
  }

  /** Returns the response to a request, and sets its headers. */
  Response respond(HttpExchange exchange) {
    ExploreQuery query;
    try {
      query =
          ExploreQuery.of(
              StatisticsApi.single(
                  RequestHandler.parameters(exchange.getRequestURI().getRawQuery())));
      if (index != null) {
        query.checkFilters(index.columns());
      }
      query = statistic.flatMap(Statistic::window).map(query::rounded).orElse(query);
    } catch (IllegalArgumentException e) {
      return Response.error(400, String.valueOf(e.getMessage()));
    }
    Body body = body(query);
    if (body == null) {
      return Response.busy(
          exchange,
          MAX_REQUESTS + " other requests for calls are in progress. Try again in a second.");
    }
    Headers headers = exchange.getResponseHeaders();
    headers.set("ETag", body.tag());
    if (body.tag().equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
      headers.set("Vary", "Accept-Encoding");
      return new Response(304, Response.JSON, new byte[0]);
    }
    return Response.zipped(exchange, Response.JSON, body.gzip());
  }

  /** Returns the response to a query; null if too many others are in progress. */
  private @Nullable Body body(ExploreQuery query) {
    Inputs inputs = inputs();
    Cache last = cache;
    Body known = last == null || !last.inputs().equals(inputs) ? null : last.bodies().get(query);
    if (known != null) {
      return known;
    }
    Request request = new Request(query, inputs);
    CompletableFuture<Optional<Body>> own = new CompletableFuture<>();
    CompletableFuture<Optional<Body>> other = inProgress.putIfAbsent(request, own);
    if (other != null) {
      return other.join().orElse(null);
    }
    try {
      own.complete(computedIfPermitted(query));
    } catch (RuntimeException | Error e) {
      own.completeExceptionally(e);
      throw e;
    } finally {
      inProgress.remove(request);
    }
    return own.join().orElse(null);
  }

  private Optional<Body> computedIfPermitted(ExploreQuery query) {
    if (!permits.tryAcquire()) {
      return Optional.empty();
    }
    try {
      return Optional.of(computed(query));
    } finally {
      permits.release();
    }
  }

  private Inputs inputs() {
    RunDetails details = running.details();
    return new Inputs(operations.header(details), details.watermark(), running.accounting());
  }

  private synchronized Body computed(ExploreQuery query) {
    Inputs inputs = inputs();
    Cache last = cache;
    if (last == null || !last.inputs().equals(inputs) || last.bodies().size() >= MAX_CACHED) {
      last = new Cache(inputs, new ConcurrentHashMap<>());
      cache = last;
    }
    return last.bodies()
        .computeIfAbsent(query, wanted -> body(Json.bytes(content(wanted, inputs))));
  }

  private static Body body(byte[] json) {
    CRC32C hash = new CRC32C();
    hash.update(json);
    return new Body(Response.gzip(json), "\"%x-%x\"".formatted(json.length, hash.getValue()));
  }

  private Map<String, @Nullable Object> content(ExploreQuery query, Inputs inputs) {
    Map<String, @Nullable Object> content = new LinkedHashMap<>(inputs.header());
    content.put("upTo", inputs.upTo().map(Instant::getEpochSecond));
    content.put("accounting", accounting(inputs.accounting()));
    Optional<BlockResults> results =
        statistic
            .map(s -> running.results(s.name()))
            .filter(BlockResults.class::isInstance) // Others are not in this process.
            .map(BlockResults.class::cast);
    content.put("statistic", results.map(r -> r.statistic().name()));
    if (results.isPresent() && index != null) {
      results.get().countedSince().ifPresent(s -> content.put("countedSince", s.time()));
      index.update(results.get().groups(), inputs.upTo());
      content.put("range", Json.object("from", query.start(), "to", query.end()));
      addSelection(content, index, index.select(query));
    }
    content.put("spikes", spikes(query));
    return content;
  }

  private Object accounting(Accounting accounting) {
    Accounting.Contributions contributions =
        statistic.map(s -> accounting.statistics().get(s.name())).orElse(null);
    return Json.object(
        "received", accounting.received(),
        "rejected", accounting.rejected(),
        "duplicates", accounting.duplicates(),
        "ambiguousTimes", accounting.ambiguousTimes(),
        "late", contributions == null ? null : contributions.late());
  }

  private void addSelection(
      Map<String, @Nullable Object> content, ExploreIndex columns, Selection selection) {
    Series series = selection.series();
    content.put(
        "hours",
        Json.object(
            "runs", Json.array(series.runs(), ExploreApi::numbers),
            "calls", numbers(series.calls()),
            "gaps", Json.array(series.gaps(), gap -> List.of(gap[0], gap[1]))));
    content.put("total", selection.total());
    content.put("routine", selection.routine());
    content.put("groups", groups.names());
    Map<String, @Nullable Object> facets = new LinkedHashMap<>();
    selection.facets().forEach((column, facet) -> facets.put(column.key(), facet(column, facet)));
    content.put("facets", facets);
    Map<String, @Nullable Object> unknown = new LinkedHashMap<>();
    selection.unknown().forEach((column, value) -> unknown.put(column.key(), value));
    content.put("unknown", unknown);
    content.put(
        "centers",
        Json.array(
            List.copyOf(selection.centers().entrySet()),
            center ->
                List.of(
                    center.getKey(),
                    rounded(center.getValue()[0]),
                    rounded(center.getValue()[1]))));
    content.put("columns", columns.columns().stream().map(Column::key).toList());
    content.put(
        "samples",
        Json.array(
            selection.samples(),
            sample -> List.of(sample.start() / 1_000, sample.values(), sample.calls())));
    content.put(
        "waiting",
        Json.array(
            selection.waiting(),
            wait -> List.of(wait.value(), wait.median() / 1_000, wait.ninetieth() / 1_000)));
  }

  private static List<Long> numbers(long[] numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }

  private static double rounded(double number) {
    return Math.round(number * 100) / 100.0;
  }

  private Object facet(Column column, Facet facet) {
    return Json.object(
        "groups", facet.groups(),
        "found", facet.found(),
        "total", facet.total(),
        "values",
            Json.array(
                facet.values(),
                value ->
                    List.of(value.getKey(), value.getValue(), meaning(column, value.getKey()))));
  }

  /** Returns what a value means; empty if it is unknown or says it. */
  private String meaning(Column column, String value) {
    return switch (column) {
      case GROUP -> groups.names().getOrDefault(value, "");
      case TYPE -> groups.meaning(value);
      case DISPOSITION -> dispositions.map(codes -> codes.description(value)).orElse("");
      case PRIORITY, DISTRICT, NEIGHBORHOOD, ADDRESS, HEXAGON -> "";
    };
  }

  /**
   * Returns the latest spikes that a query selects, newest first; none of a statistic that does not
   * have the columns of all filters.
   */
  private List<Object> spikes(ExploreQuery query) {
    List<Object> found = new ArrayList<>();
    for (Statistic each : running.pipeline().statistics()) {
      Results results = running.results(each.name());
      if (!each.columns().containsAll(SPIKE_COLUMNS) || !(results instanceof BlockResults)) {
        continue;
      }
      Deque<ResultRow> latest = new ArrayDeque<>();
      results.stream()
          .filter(row -> isSelected(query, each, row))
          .forEach(
              row -> {
                latest.addFirst(row);
                if (latest.size() > MAX_SPIKES) {
                  latest.removeLast();
                }
              });
      found.add(
          Json.object(
              "statistic", each.name(),
              "dimensions", each.dimensions().stream().map(ExploreApi::key).toList(),
              "rows", Json.array(List.copyOf(latest), row -> spike(each, row))));
    }
    return found;
  }

  /** Returns the name of the filter of a dimension, or that of the dimension if there is none. */
  private static String key(Dimension dimension) {
    return Arrays.stream(Column.values())
        .filter(column -> column.column().equals(dimension.name()))
        .findFirst()
        .map(Column::key)
        .orElse(dimension.name());
  }

  private boolean isSelected(ExploreQuery query, Statistic spikes, ResultRow row) {
    long start = row.window().map(w -> w.start().toEpochMilli()).orElse(0L);
    if (!query.includes(start, running.pipeline().format().zone())) {
      return false;
    }
    List<String> keys = spikes.dimensions().stream().map(ExploreApi::key).toList();
    for (Map.Entry<Column, String> filter : query.filters().entrySet()) {
      boolean isGroup = filter.getKey() == Column.GROUP;
      int i = keys.indexOf(isGroup ? Column.TYPE.key() : filter.getKey().key());
      if (i < 0) {
        return false;
      }
      String value = row.dimensions().get(i);
      String wanted = RowTexts.shortened(filter.getValue());
      if (!wanted.equals(isGroup ? groups.group(value) : RowTexts.shortened(value))) {
        return false;
      }
    }
    return true;
  }

  private Object spike(Statistic spikes, ResultRow row) {
    WindowBounds window = row.window().orElseThrow();
    return Json.object(
        "start", window.start().getEpochSecond(),
        "end", window.end().getEpochSecond(),
        "values", row.dimensions().stream().map(RowTexts::shortened).toList(),
        "meaning", spikes.dimensions().isEmpty() ? "" : groups.meaning(row.dimensions().get(0)),
        "count", row.count(),
        "expected", number(spikes, row, "expected"),
        "score", number(spikes, row, "score"));
  }

  private static @Nullable Object number(Statistic spikes, ResultRow row, String column) {
    Object value = row.columns().get(spikes.columns().indexOf(column));
    return value instanceof Double number
        ? Double.valueOf(Math.round(number * 1_000) / 1e3)
        : value;
  }
}
