/**
 * Contains the local engine, which runs pipelines in this process, and the tester for statistics.
 * Applications and their tests may use it.
 */
@NullMarked
package io.callstream.engine.local;

import org.jspecify.annotations.NullMarked;
