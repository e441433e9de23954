package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.ParseResult.Rejected;
import java.time.Instant;
import java.util.List;
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
    assertThat(rejected(record -> null).detail()).isEqualTo("the parser returned null");
    assertThat(rejected(record -> new ParseResult.Parsed(null)).detail())
        .startsWith("java.lang.NullPointerException");
    assertThat(rejected(record -> new Rejected(null, null, record.value())).detail())
        .startsWith("java.lang.NullPointerException");
  }

  @Test
  void rejectsATimeOutOfRange() {
    Rejected rejected =
        rejected(record -> new ParseResult.Parsed(Call.builder("1", "t", Instant.MAX).build()));
    assertThat(rejected.detail())
        .startsWith("java.lang.IllegalArgumentException: The time of a call is +1000000000-12-31");
  }

  @Test
  void throwsFailuresOfTheWorld() {
    CallstreamException outage = new CallstreamException(ErrorCode.ENVIRONMENT, "no registry");
    assertThatThrownBy(() -> rejected(throwing(outage))).isSameAs(outage);
  }

  @Test
  void hasOneCallOrSeveral() {
    Call first = Call.builder("1", "t", Instant.EPOCH).build();
    Call second = Call.builder("2", "t", Instant.EPOCH).build();
    ParseResult.Parsed parsed = ParseResult.Parsed.of(List.of(first, second));
    assertThat(parsed.call()).isSameAs(first);
    assertThat(parsed.others()).containsExactly(second);
    assertThat(ParseResult.Parsed.of(List.of(first))).isEqualTo(new ParseResult.Parsed(first));
    assertThatThrownBy(() -> ParseResult.Parsed.of(List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("The record has no call");
  }

  @Test
  void aReasonIsItsCode() {
    assertThat(RejectionReason.of("not-json")).isEqualTo(RejectionReason.NOT_JSON);
    assertThat(RejectionReason.of("bad-sum")).isNotEqualTo(RejectionReason.of("bad-sum-2"));
    for (String code : List.of("", "Bad", "1x", "a b", "x".repeat(41))) {
      assertThatThrownBy(() -> RejectionReason.of(code))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'" + code + "' is not a valid code of a rejection");
    }
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
