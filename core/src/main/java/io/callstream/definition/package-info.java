/**
 * Reads formats and statistics from files of properties, so that data can be counted without code.
 * The command line uses it for {@code --format-file} and {@code --statistics-file}; applications
 * may use it as well.
 */
@NullMarked
package io.callstream.definition;

import org.jspecify.annotations.NullMarked;
