package io.callstream.internal.runtime;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import org.jspecify.annotations.Nullable;

/**
 * Writes a part of a plan as engines send it to tasks, and reads it back. It reads only bytes that
 * it has just written itself.
 */
final class RoundTrip {
  private RoundTrip() {}

  /** Returns the bytes that a task would get. */
  static byte[] bytes(Object part) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(part);
    }
    return bytes.toByteArray();
  }

  /**
   * Returns the copy that a task would get.
   *
   * @throws ClassNotFoundException if a class is in a loader that is not known here
   * @throws ClassCastException if a lambda comes from such a class
   */
  static Object of(Object part) throws IOException, ClassNotFoundException {
    ClassLoader loader = part.getClass().getClassLoader();
    try (Reader in = new Reader(new ByteArrayInputStream(bytes(part)), loader)) {
      return in.readObject();
    }
  }

  /** Finds classes where the part comes from: an application may load callstream elsewhere. */
  private static final class Reader extends ObjectInputStream {
    private final @Nullable ClassLoader loader;

    Reader(InputStream in, @Nullable ClassLoader loader) throws IOException {
      super(in);
      this.loader = loader;
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass described)
        throws IOException, ClassNotFoundException {
      for (ClassLoader each :
          new @Nullable ClassLoader[] {loader, Thread.currentThread().getContextClassLoader()}) {
        try {
          return Class.forName(described.getName(), false, each);
        } catch (ClassNotFoundException e) {
          // The next one, or the default, may know it.
        }
      }
      return super.resolveClass(described);
    }
  }
}
