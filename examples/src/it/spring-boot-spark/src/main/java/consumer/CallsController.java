package consumer;

import io.callstream.engine.RunningPipeline;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
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
}
