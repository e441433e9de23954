package io.callstream.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Describes a wrong value that is a default. Spring Boot describes those of the application. */
final class PropertyFailureAnalyzer
    extends AbstractFailureAnalyzer<InvalidConfigurationPropertyValueException> {
  @Override
  protected @Nullable FailureAnalysis analyze(
      Throwable failure, InvalidConfigurationPropertyValueException cause) {
    if (!cause.getName().startsWith("callstream")) {
      return null;
    }
    return new FailureAnalysis(
        "The configuration of the pipeline at '%s' is not valid: %s"
            .formatted(cause.getName(), cause.getReason()),
        "Correct the properties callstream.* or the beans of the pipeline.",
        cause);
  }
}
