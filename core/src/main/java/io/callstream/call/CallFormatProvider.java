package io.callstream.call;

/**
 * Makes a format available by its name, in {@link CallFormats} and on the command line. List the
 * class, which needs a public constructor without parameters, in {@code
 * META-INF/services/io.callstream.call.CallFormatProvider}.
 */
@FunctionalInterface
public interface CallFormatProvider {
  /** Returns the format. */
  CallFormat format();
}
