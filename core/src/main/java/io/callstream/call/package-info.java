/**
 * The call model and the parsing contract: what a call for service is, and how the bytes of a
 * record become one, or a rejection that says why not.
 */
@NullMarked
package io.callstream.call;

import org.jspecify.annotations.NullMarked;
