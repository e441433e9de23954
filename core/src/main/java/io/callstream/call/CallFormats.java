package io.callstream.call;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds formats by name: those of this library, and those of a {@link CallFormatProvider}. */
public final class CallFormats {
  /** The formats of this library, which are created once. */
  static final List<CallFormat> SHIPPED =
      List.of(
          SanFranciscoCalls.json(),
          DataSfCalls.json(),
          SeattleCalls.json(),
          NewOrleansCalls.json());

  private static final Logger LOG = LoggerFactory.getLogger(CallFormats.class);

  private CallFormats() {}

  /**
   * Returns the format with a name.
   *
   * @throws IllegalArgumentException if there is none
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if there are several
   */
  public static CallFormat named(String name) {
    return named(name, CallFormats.class.getClassLoader());
  }

  /** Returns the format with a name as {@link #named(String)} does, but from a class loader. */
  public static CallFormat named(String name, ClassLoader loader) {
    List<CallFormat> all = all(loader);
    List<CallFormat> found = all.stream().filter(format -> format.name().equals(name)).toList();
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          "There is no format '%s'; the formats are %s. Name one of them, or describe the format in a file."
              .formatted(
                  name,
                  all.stream().map(CallFormat::name).sorted().collect(Collectors.joining(", "))));
    }
    if (found.size() > 1) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "There are several formats '%s' on the class path: %s. Rename or remove all but one."
              .formatted(name, found.stream().map(CallFormat::definition).sorted().toList()));
    }
    return found.get(0);
  }

  /**
   * Returns all formats: those of this library first. A provider that cannot be loaded is logged
   * and ignored.
   */
  public static List<CallFormat> all() {
    return all(CallFormats.class.getClassLoader());
  }

  private static List<CallFormat> all(ClassLoader loader) {
    List<CallFormat> formats = new ArrayList<>(CallFormat.all());
    Iterator<CallFormatProvider> providers =
        ServiceLoader.load(CallFormatProvider.class, loader).iterator();
    while (true) {
      try {
        if (!providers.hasNext()) {
          return formats;
        }
        formats.add(Objects.requireNonNull(providers.next().format(), "the format"));
      } catch (ServiceConfigurationError | LinkageError | RuntimeException e) {
        LOG.warn(
            "A format on the class path can't be loaded and is ignored. Remove its provider, or"
                + " correct what it lacks.",
            e);
      }
    }
  }
}
