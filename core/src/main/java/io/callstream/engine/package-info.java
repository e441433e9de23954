/** The engine SPI: how pipelines are started, watched and stopped, whatever runs them. */
@NullMarked
package io.callstream.engine;

import org.jspecify.annotations.NullMarked;
