package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.ParseResult.Rejected;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ParseResultTest {
  private static final byte[] VALUE = "value".getBytes(UTF_8);

  private static Rejected rejected(CallParser parser) {
    return (Rejected) ParseResult.of(parser, VALUE);
  }

  private static CallParser throwing(Throwable failure) {
    return value -> {
      throw ParseResultTest.<RuntimeException>sneaky(failure);
    };
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> E sneaky(Throwable failure) throws E {
    throw (E) failure;
  }

  @Test
  void rejectsWithTheExceptionOfTheParserAsDetail() {
    Rejected rejected = rejected(throwing(new IllegalStateException("no")));
    assertThat(rejected.reason()).isEqualTo(RejectionReason.FORMAT_FAILED);
    assertThat(rejected.field()).isNull();
    assertThat(rejected.value()).isSameAs(VALUE);
    assertThat(rejected.detail()).isEqualTo("java.lang.IllegalStateException: no");
    assertThat(rejected(throwing(new java.io.IOException())).detail())
        .isEqualTo("java.io.IOException");
    assertThat(rejected(throwing(new AssertionError("no"))).detail())
        .isEqualTo("java.lang.AssertionError: no");
    assertThat(rejected(throwing(new StackOverflowError())).detail())
        .isEqualTo("java.lang.StackOverflowError");
    assertThat(rejected(value -> null).detail()).isEqualTo("the parser returned null");
    assertThat(rejected(value -> new ParseResult.Parsed(null)).detail())
        .startsWith("java.lang.NullPointerException");
    assertThat(rejected(value -> new Rejected(null, null, value)).detail())
        .startsWith("java.lang.NullPointerException");
  }

  @Test
  void rejectsATimeOutOfRange() {
    Rejected rejected =
        rejected(value -> new ParseResult.Parsed(Call.builder("1", "t", Instant.MAX).build()));
    assertThat(rejected.detail())
        .startsWith("java.lang.IllegalArgumentException: The time of a call is +1000000000-12-31");
  }

  @Test
  void throwsErrorsThatDoNotDependOnTheRecord() {
    assertThatThrownBy(() -> rejected(throwing(new OutOfMemoryError("heap"))))
        .isInstanceOf(OutOfMemoryError.class);
    assertThatThrownBy(() -> rejected(throwing(new NoClassDefFoundError("Gone"))))
        .isInstanceOf(NoClassDefFoundError.class);
  }

  @Test
  void throwsExceptionsInAnInterruptedThread() {
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> rejected(throwing(new IllegalStateException("interrupted"))))
          .isInstanceOf(IllegalStateException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void truncatesDetailsAndReplacesUnpairedSurrogates() {
    String detail =
        rejected(throwing(new IllegalStateException("\ud83d\ude00".repeat(900)))).detail();
    assertThat(detail).hasSize(ParseResult.MAX_DETAIL);
    assertThat(new String(detail.getBytes(UTF_8), UTF_8)).isEqualTo(detail);
    assertThat(new Rejected(RejectionReason.EMPTY, null, VALUE, "\ud83d").detail()).isEqualTo("?");
    assertThat(new Rejected(RejectionReason.EMPTY, "\udc00".repeat(70_000), VALUE).field())
        .isEqualTo("?".repeat(ParseResult.MAX_DETAIL));
  }
}
