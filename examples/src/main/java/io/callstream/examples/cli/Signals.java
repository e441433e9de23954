package io.callstream.examples.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles signals of the operating system with {@code sun.misc.Signal} of the module {@code
 * jdk.unsupported}, because Java has no other API for them. It uses reflection, because the
 * compiler's warning about that class cannot be suppressed.
 */
final class Signals {
  private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

  private Signals() {}

  /**
   * Handles a signal in a separate thread, instead of ending the process. If this is not possible,
   * as under {@code java -Xrs}, the signal still ends the process immediately.
   *
   * @param name the signal, without {@code SIG}
   * @param handler receives the number of the signal
   */
  static void handle(String name, IntConsumer handler) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handlerType.getClassLoader(),
              new Class<?>[] {handlerType},
              (self, method, arguments) -> {
                if (method.getName().equals("handle")) {
                  Object number = signal.getMethod("getNumber").invoke(arguments[0]);
                  handler.accept((Integer) Objects.requireNonNull(number));
                  return null;
                }
                return method.invoke(handler, arguments);
              });
      signal
          .getMethod("handle", signal, handlerType)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (InvocationTargetException e) {
      LOG.debug("SIG{} ends the process at once", name, e.getCause());
    } catch (ReflectiveOperationException e) {
      LOG.debug("SIG{} ends the process at once", name, e);
    }
  }
}
