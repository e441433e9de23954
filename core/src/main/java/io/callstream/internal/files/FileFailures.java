package io.callstream.internal.files;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Locale;
import java.util.stream.Stream;

/** Failures of file operations, with advice by their cause. */
public final class FileFailures {
  /** Parts of the messages with which file systems report that no space is left. */
  private static final String[] FULL = {
    "no space left", "disk quota exceeded", "file too large", "not enough space"
  };

  private static final String OTHER = "Correct the cause, and start again.";

  private static final String FULL_ADVICE =
      "The disk is full, or a quota is used up: make room there, or name a directory on another disk.";

  /** A disk with less free space than this is full. The write that failed may have needed more. */
  private static final long FULL_BELOW = 1 << 16;

  private FileFailures() {}

  /** Returns the failure of a run that cannot read or write its checkpoint directory. */
  public static CallstreamException ofCheckpoint(String location, Exception e, String advice) {
    String cause = e instanceof FileNotFoundException ? e.getMessage() : e.toString();
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        "The checkpoint directory %s can't be read or written: %s. %s"
            .formatted(location, cause, advice),
        e);
  }

  /** Returns a sentence with advice for a failure in a local directory. */
  public static String advice(Path directory, Throwable failure) {
    String advice = advice(failure);
    // The message of the system for a full disk depends on its language.
    return advice.equals(OTHER) && hasNoRoom(directory) ? FULL_ADVICE : advice;
  }

  /** Returns a sentence with advice for a failure of a file operation. */
  public static String advice(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
      if (isFull(message)) {
        return FULL_ADVICE;
      }
      if (e instanceof AccessDeniedException || message.contains("permission denied")) {
        return "This user may not do that there: change the permissions, or name a directory in"
            + " which this user may write.";
      }
      if (e instanceof ReadOnlyFileSystemException || message.contains("read-only file system")) {
        return "The file system is mounted read-only: name a directory on another one.";
      }
      if (message.contains("too many open files")) {
        return "Raise the limit of open files (ulimit -n).";
      }
      if (e instanceof FileAlreadyExistsException
          || e instanceof NotDirectoryException
          || message.contains("not a directory")) {
        return "A file has the name of a directory there: move it away, or name another directory.";
      }
      if (e instanceof NoSuchFileException || e instanceof FileNotFoundException) {
        return "It was deleted or moved, or its disk is away: see that the directory stays while"
            + " the run uses it.";
      }
    }
    return OTHER;
  }

  /** Returns whether a message, in any case of letters, reports that no space is left. */
  public static boolean isFull(String message) {
    String lower = message.toLowerCase(Locale.ROOT);
    return Stream.of(FULL).anyMatch(lower::contains);
  }

  private static boolean hasNoRoom(Path directory) {
    try {
      return Files.getFileStore(directory).getUsableSpace() < FULL_BELOW;
    } catch (IOException e) {
      return false;
    }
  }
}
