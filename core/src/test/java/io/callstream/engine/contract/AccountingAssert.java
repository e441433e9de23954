package io.callstream.engine.contract;

import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.util.List;
import org.assertj.core.api.AbstractAssert;

/** Assertions that every accounting must satisfy, for any records and any engine. */
public final class AccountingAssert extends AbstractAssert<AccountingAssert, Accounting> {
  private AccountingAssert(Accounting actual) {
    super(actual, AccountingAssert.class);
  }

  /** Starts assertions about an accounting. */
  public static AccountingAssert assertThatAccounting(Accounting actual) {
    return new AccountingAssert(actual);
  }

  /**
   * Asserts that {@code k * (received - rejected + additionalCalls - duplicates) = counted + late +
   * filtered} for every statistic of the pipeline, whose windows put each call in k of them. Also
   * asserts that no number is negative, and that no statistic is missing or added.
   */
  public AccountingAssert addsUpFor(Pipeline pipeline) {
    return addsUpFor(pipeline.statistics());
  }

  /** Asserts the same as {@link #addsUpFor(Pipeline)} for the statistics of a pipeline. */
  public AccountingAssert addsUpFor(List<Statistic> statistics) {
    isNotNull();
    objects.assertEqual(
        info,
        actual.statistics().keySet().stream().toList(),
        statistics.stream().map(Statistic::name).toList());
    long calls =
        actual.received() - actual.rejected() + actual.additionalCalls() - actual.duplicates();
    if (calls < 0
        || actual.additionalCalls() < 0
        || actual.received() < 0
        || actual.rejected() < 0
        || actual.duplicates() < 0) {
      failWithMessage("negative figures in %s", actual);
    }
    if (actual.ambiguousTimes() < 0 || actual.ambiguousTimes() > calls) {
      failWithMessage("%s calls, but %s ambiguous times", calls, actual.ambiguousTimes());
    }
    actual
        .unknown()
        .forEach(
            (lookup, unknown) -> {
              if (unknown < 0 || unknown > calls) {
                failWithMessage("%s calls, but %s unknown %s", calls, unknown, lookup);
              }
            });
    if (actual.corrections() < 0 || actual.corrections() > calls) {
      failWithMessage("%s calls, but %s corrections", calls, actual.corrections());
    }
    if (actual.unconfirmedTimes() < 0) {
      failWithMessage("%s unconfirmed times", actual.unconfirmedTimes());
    }
    for (Statistic statistic : statistics) {
      Contributions s = actual.statistics().get(statistic.name());
      if (s.counted() < 0
          || s.late() < 0
          || s.filtered() < 0
          || s.retracted() < 0
          || s.earlier() < 0) {
        failWithMessage("negative figures of %s in %s", statistic.name(), actual);
      }
      long k = statistic.window().map(Window::windowsPerCall).orElse(1);
      if (k * calls != s.counted() + s.late() + s.filtered() + s.earlier()) {
        failWithMessage(
            "%s: %s windows per call * (%s received - %s rejected + %s additional calls - %s duplicates) = %s, but"
                + " %s counted + %s late + %s filtered + %s earlier = %s",
            statistic.name(),
            k,
            actual.received(),
            actual.rejected(),
            actual.additionalCalls(),
            actual.duplicates(),
            k * calls,
            s.counted(),
            s.late(),
            s.filtered(),
            s.earlier(),
            s.counted() + s.late() + s.filtered() + s.earlier());
      }
      if (statistic.window().isEmpty() && s.late() != 0) {
        failWithMessage("%s has no window, but %s late", statistic.name(), s.late());
      }
      if (statistic.filter().isEmpty() && s.filtered() != 0) {
        failWithMessage("%s has no filter, but %s filtered", statistic.name(), s.filtered());
      }
    }
    return this;
  }
}
