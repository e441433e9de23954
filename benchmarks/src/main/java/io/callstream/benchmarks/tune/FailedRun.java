package io.callstream.benchmarks.tune;

/**
 * A run that came to nothing.
 *
 * @param stage what it was for
 * @param round which round it belongs to, from 0
 * @param configuration what was set
 * @param measured what was to be measured
 * @param reason why it failed, in one line
 */
record FailedRun(
    Run.Stage stage, int round, Configuration configuration, String measured, String reason) {}
