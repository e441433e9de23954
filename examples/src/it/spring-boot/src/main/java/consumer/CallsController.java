package consumer;

import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.progress.Progress;
import java.util.List;
import java.util.Optional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Serves results of the running pipeline. */
@RestController
class CallsController {
  private final RunningPipeline running;

  CallsController(RunningPipeline running) {
    this.running = running;
  }

  /** A type and the number of its calls so far. */
  record TypeCount(String type, long calls) {}

  @GetMapping("/types")
  List<TypeCount> types() {
    return running.results("calls-by-type").top(10).stream()
        .map(row -> new TypeCount(row.dimension("crime_type"), row.count()))
        .toList();
  }

  /** Returns the rows unchanged: Jackson writes each row as an object with its columns. */
  @GetMapping("/rows/{statistic}")
  List<ResultRow> rows(@PathVariable("statistic") String statistic) {
    return running.results(statistic).top(10);
  }

  @GetMapping("/results/{statistic}")
  Results results(@PathVariable("statistic") String statistic) {
    return running.results(statistic);
  }

  @GetMapping("/windows/{statistic}")
  List<WindowBounds> windows(@PathVariable("statistic") String statistic) {
    return running.results(statistic).windows();
  }

  @GetMapping("/accounting")
  Accounting accounting() {
    return running.accounting();
  }

  @GetMapping("/progress")
  Optional<Progress> progress() {
    return running.progress();
  }
}
