package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.sink.BatchMark;
import java.io.IOException;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;

/**
 * The marks of a directory of Parquet files. A mark is an empty file whose name consists of the
 * number of a claim, the run that claimed the directory, the number of a mark of this run, the last
 * complete batch and the lineage. The greatest name counts. A run whose own mark is no longer the
 * greatest has been superseded: each claim has a new number, and the later marks of a run keep the
 * number of its claim, so a superseded run cannot take the directory back. No file is replaced, so
 * the file system needs no atomic replacement, and no mark can be incomplete.
 */
final class ParquetMarks {
  private static final Pattern NAME =
      Pattern.compile("mark-(\\d{12})_[0-9a-f-]{36}_(\\d{12})_(-1|\\d{1,18})_([0-9A-Za-z-]{1,36})");

  private final FileSystem files;
  private final Path directory;
  private final String location;
  private final String run = UUID.randomUUID().toString();
  private String own = "";

  ParquetMarks(FileSystem files, Path directory, String location) {
    this.files = files;
    this.directory = directory;
    this.location = location;
  }

  /** Returns the id of this run. */
  String run() {
    return run;
  }

  /** Returns the mark that counts; null if there is none. */
  @Nullable BatchMark last() throws IOException {
    SortedSet<String> names = names();
    if (names.isEmpty()) {
      return null;
    }
    Matcher name = match(names.last());
    return new BatchMark(Long.parseLong(name.group(3)), name.group(4));
  }

  /** Writes the next mark of this run. */
  void write(BatchMark mark) throws IOException {
    SortedSet<String> before = requireNewest();
    Matcher last = match(own);
    create(Long.parseLong(last.group(1)), Long.parseLong(last.group(2)) + 1, mark, before);
  }

  /** Writes a mark with which this run takes the directory over. */
  void claim(BatchMark mark) throws IOException {
    SortedSet<String> before = names();
    long claim = before.isEmpty() ? 0 : Long.parseLong(match(before.last()).group(1)) + 1;
    create(claim, 0, mark, before);
    requireNewest();
  }

  private void create(long claim, long number, BatchMark mark, SortedSet<String> before)
      throws IOException {
    own =
        String.format(
            Locale.ROOT,
            "mark-%012d_%s_%012d_%d_%s",
            claim,
            run,
            number,
            mark.batch(),
            mark.lineage());
    files.create(new Path(directory, own), false).close();
    for (String name : before) {
      files.delete(new Path(directory, name), false);
    }
  }

  /** Requires that no other run has taken the directory over; returns the names of the marks. */
  SortedSet<String> requireNewest() throws IOException {
    SortedSet<String> names = names();
    if (names.isEmpty() || !names.last().equals(own)) {
      throw new CallstreamException(
          ErrorCode.SINK_FAILED,
          "The directory "
              + location
              + " was taken over by another run while this one was writing. Let one run write it,"
              + " and give others another directory.");
    }
    return names;
  }

  private SortedSet<String> names() throws IOException {
    SortedSet<String> names = new TreeSet<>();
    for (FileStatus status : files.listStatus(directory)) {
      String name = status.getPath().getName();
      if (NAME.matcher(name).matches()) {
        names.add(name);
      }
    }
    return names;
  }

  private static Matcher match(String name) {
    Matcher matcher = NAME.matcher(name);
    if (!matcher.matches()) {
      throw new IllegalStateException(name + " is not the name of a mark");
    }
    return matcher;
  }
}
