/**
 * Internal and unstable. The state of a pipeline after each batch, and its files in a checkpoint.
 * Only engines may use it.
 */
@NullMarked
package io.callstream.internal.ledger;

import org.jspecify.annotations.NullMarked;
