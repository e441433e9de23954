/**
 * The local engine: the semantics of callstream in plain Java, in memory, with a clock that tests
 * can set; and a tester for statistics on top of it.
 */
@NullMarked
package io.callstream.engine.local;

import org.jspecify.annotations.NullMarked;
