package io.callstream.engine.contract;

import java.lang.reflect.Method;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * Names each test by the number and the text of its rule, and adds the rule and the place to check
 * to each failure.
 */
final class RuleReport extends DisplayNameGenerator.Standard
    implements TestExecutionExceptionHandler {
  @Override
  public String generateDisplayNameForMethod(
      List<Class<?>> enclosing, Class<?> group, Method test) {
    return AnnotationSupport.findAnnotation(test, Rule.class)
        .map(rule -> rule.number() + " " + rule.text())
        .orElseGet(() -> super.generateDisplayNameForMethod(enclosing, group, test));
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    if (failure instanceof TestAbortedException) {
      throw failure;
    }
    throw failure(context.getRequiredTestMethod(), failure);
  }

  /** Returns the failure of a rule, with the same expected and actual values. */
  static AssertionError failure(Method test, Throwable cause) {
    String message = message(test.getAnnotation(Rule.class), cause);
    return cause instanceof AssertionFailedError failed && failed.isExpectedDefined()
        ? new AssertionFailedError(message, failed.getExpected(), failed.getActual(), failed)
        : new AssertionFailedError(message, cause);
  }

  private static String message(Rule rule, Throwable cause) {
    return "Rule "
        + rule.number()
        + " failed: "
        + rule.text()
        + " Check "
        + rule.check()
        + ".\n"
        + String.valueOf(cause instanceof AssertionError ? cause.getMessage() : cause).strip();
  }
}
