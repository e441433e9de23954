package io.callstream.engine;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/** Captures the events of a logger until it is closed. */
public final class CapturedLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {
  private final Logger logger;
  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();

  private CapturedLog(Class<?> logger) {
    this.logger = (Logger) LoggerFactory.getLogger(logger);
  }

  /** Captures the log events of a class. */
  public static CapturedLog of(Class<?> logger) {
    CapturedLog log = new CapturedLog(logger);
    log.start();
    log.logger.addAppender(log);
    return log;
  }

  @Override
  protected void append(ILoggingEvent event) {
    events.add(event);
  }

  /** Returns the events of a level so far. */
  public List<ILoggingEvent> events(Level level) {
    return events.stream().filter(event -> event.getLevel().equals(level)).toList();
  }

  @Override
  public void close() {
    logger.detachAppender(this);
  }
}
