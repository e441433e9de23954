package io.callstream.runtime;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The right to be the one run in a checkpoint directory; it goes with the process at the latest.
 */
public final class RunLock implements AutoCloseable {
  /**
   * The directories of this process's runs. They must be known before a lock file is opened: where
   * a process closes any one of its channels to a file, POSIX lets go of all its locks on it.
   */
  private static final Set<Path> TAKEN = ConcurrentHashMap.newKeySet();

  private final Path directory;
  private final FileChannel channel;

  private RunLock(Path directory, FileChannel channel) {
    this.directory = directory;
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
    Path real = directory.toRealPath();
    if (!TAKEN.add(real)) {
      throw inUse(location);
    }
    FileChannel channel = null;
    try {
      channel =
          FileChannel.open(
              real.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (channel.tryLock() == null) {
        throw inUse(location);
      }
      return new RunLock(real, channel);
    } catch (IOException | RuntimeException e) {
      TAKEN.remove(real);
      if (channel != null) {
        channel.close();
      }
      throw e;
    }
  }

  private static CallstreamException inUse(String location) {
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        "The checkpoint directory "
            + location
            + " is in use by another run. Stop that run, or name another directory: each"
            + " pipeline has one of its own.");
  }

  /** Lets the directory go. */
  @Override
  public void close() throws IOException {
    try (channel) {
      TAKEN.remove(directory);
    }
  }
}
