package io.callstream.internal.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Writes to local files that must survive a power failure. */
public final class DurableFiles {
  private DurableFiles() {}

  /**
   * Makes renames, new files and deletions in a directory durable. File systems that cannot force a
   * directory do not need this.
   */
  public static void forceDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (AccessDeniedException e) {
      // Windows does not open directories; its renames are durable without this.
    }
  }

  /** Writes all bytes at the position of a channel. */
  public static void write(FileChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
