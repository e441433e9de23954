/**
 * Contains the sinks for results and dead letters: console tables, CSV files, database tables,
 * dead-letter files and callbacks.
 */
@NullMarked
package io.callstream.sink;

import org.jspecify.annotations.NullMarked;
