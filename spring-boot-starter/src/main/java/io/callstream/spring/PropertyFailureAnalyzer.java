package io.callstream.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.Environment;

/** Describes a wrong value that no property sets. Spring Boot describes the others. */
final class PropertyFailureAnalyzer
    extends AbstractFailureAnalyzer<InvalidConfigurationPropertyValueException> {
  private final Environment environment;

  PropertyFailureAnalyzer(Environment environment) {
    this.environment = environment;
  }

  @Override
  protected @Nullable FailureAnalysis analyze(
      Throwable failure, InvalidConfigurationPropertyValueException cause) {
    if (!cause.getName().startsWith("callstream")
        || environment.containsProperty(cause.getName())) {
      return null;
    }
    return new FailureAnalysis(
        "The configuration of the pipeline at '%s' is not valid: %s"
            .formatted(cause.getName(), cause.getReason()),
        "Correct the properties callstream.* or the beans of the pipeline.",
        cause);
  }
}
