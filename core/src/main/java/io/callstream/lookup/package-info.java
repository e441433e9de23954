/**
 * Contains lookups, which join a table that can change to the calls of a pipeline, and the sources
 * of their tables. Applications use it to add fields to calls.
 */
@NullMarked
package io.callstream.lookup;

import org.jspecify.annotations.NullMarked;
