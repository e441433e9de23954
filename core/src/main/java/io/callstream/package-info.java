/** Contains the exception and the error codes that all packages of callstream use. */
@NullMarked
package io.callstream;

import org.jspecify.annotations.NullMarked;
