package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Says in callstream's words why a query failed. */
final class Failures {
  private Failures() {}

  static CallstreamException of(Throwable failure) {
    Throwable root = failure;
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof CallstreamException known) {
        return known;
      }
      if (e instanceof UnknownTopicOrPartitionException) {
        return new CallstreamException(
            ErrorCode.TOPIC,
            "The topic is gone. Create it again and start with a new checkpoint.",
            failure);
      }
      if (e instanceof TimeoutException) {
        return new CallstreamException(
            ErrorCode.BROKER_UNAVAILABLE,
            "The Kafka broker stopped answering: "
                + e.getMessage()
                + ". Start it again, then start again with the same checkpoint: nothing is lost.",
            failure);
      }
      String message = e.getMessage();
      if (e instanceof IllegalStateException
          && message != null
          && message.contains("failOnDataLoss")) {
        return new CallstreamException(
            ErrorCode.SOURCE_FAILED,
            "Records that were not read yet are gone from the topic, most likely because retention"
                + " deleted them: "
                + firstLine(message)
                + " Keep records longer than the pipeline may be down; to go on without them, start"
                + " with a new checkpoint.",
            failure);
      }
      root = e;
    }
    return new CallstreamException(
        ErrorCode.ENGINE_FAILED,
        "The Spark query failed: "
            + root.getClass().getName()
            + (root.getMessage() == null ? "" : ": " + firstLine(root.getMessage()))
            + ". Start again with the same checkpoint once the cause is mended: nothing is lost.",
        failure);
  }

  private static String firstLine(String text) {
    return text.lines().findFirst().orElse("");
  }
}
