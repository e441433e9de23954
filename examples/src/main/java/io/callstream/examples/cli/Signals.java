package io.callstream.examples.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Signals of the operating system, through {@code sun.misc.Signal} of the module {@code
 * jdk.unsupported}: Java has nothing else for them. By reflection, since the compiler warns of that
 * class and nothing silences it.
 */
final class Signals {
  private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

  private Signals() {}

  /**
   * Has a signal handled, in a thread of its own, instead of ending the process. Where that can't
   * be, as under {@code java -Xrs}, the signal goes on to end the process at once.
   *
   * @param name the signal, without {@code SIG}
   * @param handler takes the signal's number
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
