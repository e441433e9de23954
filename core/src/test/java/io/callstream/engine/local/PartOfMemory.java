package io.callstream.engine.local;

import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SpanReader;
import io.callstream.pipeline.KafkaTopic.Part;
import io.callstream.pipeline.MemorySource;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The partitions of a part of a topic, with records in memory. */
final class PartOfMemory implements OpenSource {
  private final OpenMemorySource all;
  private final String id;
  private final Part part;

  PartOfMemory(MemorySource source, String id, Part part) {
    this.all = new OpenMemorySource(source);
    this.id = id;
    this.part = part;
  }

  /** Selects partitions: with two parts, even and odd ones. */
  private Map<Integer, Long> own(Map<Integer, Long> offsets) {
    return offsets.entrySet().stream()
        .filter(offset -> offset.getKey() % part.of() == part.number() - 1)
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, Long::sum, TreeMap::new));
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Map<Integer, Long> firstOffsets() {
    return own(all.firstOffsets());
  }

  @Override
  public Map<Integer, Long> endOffsets() {
    return own(all.endOffsets());
  }

  @Override
  public Map<Integer, Long> startOffsets() {
    return own(all.startOffsets());
  }

  @Override
  public SpanReader newReader() {
    return all.newReader();
  }

  @Override
  public void stop() {
    all.stop();
  }

  @Override
  public void close() {
    all.close();
  }
}
