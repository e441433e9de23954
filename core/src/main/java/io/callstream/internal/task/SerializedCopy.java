package io.callstream.internal.task;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import org.jspecify.annotations.Nullable;

/**
 * Serializes a part of a plan in the same way as engines that send it to tasks, and reads it back.
 * It reads only bytes that it has just written.
 */
final class SerializedCopy {
  private SerializedCopy() {}

  /** Returns the bytes that a task would receive. */
  static byte[] bytes(Object part) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(part);
    }
    return bytes.toByteArray();
  }

  /** Returns the copy that a task would receive. */
  static Object of(Object part) throws IOException, ClassNotFoundException {
    ClassLoader loader = part.getClass().getClassLoader();
    try (Reader in = new Reader(new ByteArrayInputStream(bytes(part)), loader)) {
      return in.readObject();
    }
  }

  /** Resolves classes with the loader of the part, which may differ from that of callstream. */
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
          // The next loader, or the default one, may know the class.
        }
      }
      return super.resolveClass(described);
    }
  }
}
