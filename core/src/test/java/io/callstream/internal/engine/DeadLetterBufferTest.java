package io.callstream.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.RejectionReason;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Origin;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadLetterBufferTest {
  @TempDir private Path directory;

  @Test
  void namesTheDirectoryAndTheCureIfLettersCannotBeWritten() {
    Path missing = directory.resolve("missing");
    DeadLetter large =
        new DeadLetter.Rejected(
            new Origin("calls", 0, 0, Instant.EPOCH),
            new byte[5 << 20],
            RejectionReason.NOT_JSON,
            null);
    DeadLetterBuffer box = new DeadLetterBuffer(missing);
    box.add(large);
    assertThatThrownBy(() -> box.add(large))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContainingAll(missing.toString(), "deleted or moved", "nothing is lost");
    box.close();
  }
}
