package io.callstream.internal.threads;

import java.util.concurrent.ThreadFactory;

/** Creates threads that do not keep a process alive. */
public final class DaemonThreads {
  private DaemonThreads() {}

  /** Returns a thread that is not started. */
  public static Thread of(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Starts a thread, and returns it. */
  public static Thread start(String name, Runnable work) {
    Thread thread = of(name, work);
    thread.start();
    return thread;
  }

  /** Returns a factory for an executor, all of whose threads have the same name. */
  public static ThreadFactory named(String name) {
    return work -> of(name, work);
  }
}
