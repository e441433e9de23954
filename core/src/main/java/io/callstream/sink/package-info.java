/**
 * Where results and dead letters can go: console tables, CSV files, tables of a database,
 * dead-letter files, callbacks.
 */
@NullMarked
package io.callstream.sink;

import org.jspecify.annotations.NullMarked;
