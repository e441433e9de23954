package io.callstream.runtime;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The right to be the one run in a checkpoint directory; it goes with the process at the latest.
 */
public final class RunLock implements AutoCloseable {
  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes the lock of a directory.
   *
   * @param directory a directory of this machine
   * @param location what the checkpoint is called in messages
   * @throws CallstreamException if another run, of this process or another, has it
   */
  public static RunLock of(Path directory, String location) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    @Nullable FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held by this process; said below as if by another.
    }
    if (lock == null) {
      channel.close();
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          "The checkpoint directory "
              + location
              + " is in use by another run. Stop that run, or name another directory: each"
              + " pipeline has one of its own.");
    }
    return new RunLock(channel);
  }

  /** Lets the directory go. */
  @Override
  public void close() throws IOException {
    channel.close();
  }
}
