/**
 * Runs a pipeline in a Spring Boot application: auto-configuration from the properties {@code
 * callstream.*} and beans, health, metrics, and results by HTTP.
 */
@NullMarked
package io.callstream.spring;

import org.jspecify.annotations.NullMarked;
