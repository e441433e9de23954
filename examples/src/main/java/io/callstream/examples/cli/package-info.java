/** Contains the command line; it is a program, and other code must not depend on it. */
@NullMarked
package io.callstream.examples.cli;

import org.jspecify.annotations.NullMarked;
