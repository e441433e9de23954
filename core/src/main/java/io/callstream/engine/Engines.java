package io.callstream.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds engines on the class path. */
public final class Engines {
  private static final Logger LOG = LoggerFactory.getLogger(Engines.class);

  private Engines() {}

  /**
   * Returns the engine with a name.
   *
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if there is none, or more than
   *     one
   */
  public static Engine named(String name) {
    return named(name, Engines.class.getClassLoader());
  }

  /** Returns the engine with a name as {@link #named(String)} does, but from a class loader. */
  public static Engine named(String name, ClassLoader loader) {
    List<Engine> all = all(loader);
    List<Engine> found = all.stream().filter(engine -> engine.name().equals(name)).toList();
    if (found.size() == 1) {
      return found.get(0);
    }
    if (found.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          ("There is no engine '%s' on the class path; it has %s. Add callstream-core for 'local'."
                  + " For 'spark', add callstream-spark-engine with org.apache.spark:spark-sql_2.12"
                  + " and spark-sql-kafka-0-10_2.12 3.5.7.")
              .formatted(name, new TreeSet<>(all.stream().map(Engine::name).toList())));
    }
    throw new CallstreamException(
        ErrorCode.ENVIRONMENT,
        "There are several engines '%s' on the class path: %s. Remove all but one."
            .formatted(
                name, found.stream().map(engine -> engine.getClass().getName()).sorted().toList()));
  }

  /** Returns all engines. An engine that cannot be loaded is logged and ignored. */
  public static List<Engine> all() {
    return all(Engines.class.getClassLoader());
  }

  private static List<Engine> all(ClassLoader loader) {
    List<Engine> engines = new ArrayList<>();
    Iterator<Engine> providers = ServiceLoader.load(Engine.class, loader).iterator();
    while (true) {
      try {
        if (!providers.hasNext()) {
          return engines;
        }
        engines.add(providers.next());
      } catch (ServiceConfigurationError | LinkageError e) {
        LOG.warn(
            "An engine on the class path can't be loaded and is ignored. Remove its artifact, or"
                + " add what it lacks.",
            e);
      }
    }
  }
}
