/**
 * The live dashboard: a page, pushed updates, and a small JSON API over a running pipeline; and the
 * report, which is the same page for paper. Uses core and the JDK's own web server, nothing else.
 */
@NullMarked
package io.callstream.dashboard;

import org.jspecify.annotations.NullMarked;
