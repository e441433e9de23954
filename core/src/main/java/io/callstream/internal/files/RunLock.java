package io.callstream.internal.files;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The exclusive right of one run to a directory: a checkpoint or an output directory. The operating
 * system releases it at the latest when the process ends, even if the process is killed. The lock
 * file is never deleted, because deleting it could take the lock from a run that has just acquired
 * it.
 */
public final class RunLock implements AutoCloseable {
  public static final String OUTPUT_FILE = ".lock";

  private static final String CHECKPOINT_FILE = "lock";

  /**
   * The directories of the runs in this process, by the key that identifies each in the file
   * system. So all paths to a directory lead to the same entry. The set is checked before a lock
   * file is opened: when a process closes any of its channels to a file, POSIX releases all its
   * locks on that file.
   */
  private static final Set<Object> TAKEN = ConcurrentHashMap.newKeySet();

  /**
   * Open channels to files that another class loader locked. Closing one would release the lock.
   */
  private static final Map<Object, FileChannel> LOCKED_ELSEWHERE = new ConcurrentHashMap<>();

  private final Object key;
  private final FileChannel channel;

  private RunLock(Object key, FileChannel channel) {
    this.key = key;
    this.channel = channel;
  }

  /** Locks the directory of a checkpoint, which {@code location} names in messages. */
  public static RunLock of(Path directory, String location) throws IOException {
    RunLock lock = take(directory, CHECKPOINT_FILE, location);
    if (lock == null) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directory %s is in use by another run. Stop that run, or name another"
                  + " directory: each pipeline needs a separate one.")
              .formatted(location));
    }
    return lock;
  }

  /** Locks an output directory, which {@code location} names in messages. */
  public static RunLock ofOutput(Path directory, String location) throws IOException {
    RunLock lock = take(directory, OUTPUT_FILE, location);
    if (lock == null) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          ("The output directory %s is in use by another run. Stop that run, or name another"
                  + " directory: each run needs a separate one.")
              .formatted(location));
    }
    return lock;
  }

  private static @Nullable RunLock take(Path directory, String file, String location)
      throws IOException {
    Object key = key(directory);
    if (!TAKEN.add(key)) {
      return null;
    }
    FileChannel channel = null;
    try {
      channel = open(directory.resolve(file));
      if (tryLock(channel, location) != null) {
        return new RunLock(key, channel);
      }
    } catch (OverlappingFileLockException e) {
      TAKEN.remove(key);
      LOCKED_ELSEWHERE.put(key(directory.resolve(file)), channel);
      return null;
    } catch (IOException | RuntimeException e) {
      release(key, channel);
      throw e;
    }
    release(key, channel);
    return null;
  }

  private static FileChannel open(Path file) throws IOException {
    FileChannel open = Files.exists(file) ? LOCKED_ELSEWHERE.remove(key(file)) : null;
    return open == null
        ? FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)
        : open;
  }

  private static @Nullable FileLock tryLock(FileChannel channel, String location) {
    try {
      return channel.tryLock();
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          ("The file system of %s refuses to lock files (%s), so two runs cannot be kept apart"
                  + " there. Name a directory on a local disk, or enable the lock service of the"
                  + " network file system.")
              .formatted(location, e.getMessage()),
          e);
    }
  }

  private static Object key(Path file) throws IOException {
    Path real = file.toRealPath();
    Object key = Files.readAttributes(real, BasicFileAttributes.class).fileKey();
    return key == null ? real : key; // Windows has no file keys.
  }

  private static void release(Object key, @Nullable FileChannel channel) throws IOException {
    try {
      if (channel != null) {
        channel.close();
      }
    } finally {
      TAKEN.remove(key);
    }
  }

  @Override
  public void close() throws IOException {
    release(key, channel);
  }
}
