package io.callstream.kafka;

import java.util.concurrent.locks.LockSupport;

/** A clock to wait by. */
interface Ticker {
  /** The clock of this machine. */
  Ticker SYSTEM =
      new Ticker() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void await(long nanos) {
          LockSupport.parkNanos(this, nanos);
        }
      };

  /** Returns nanoseconds since some moment. */
  long nanos();

  /** Waits for some nanoseconds, or less. */
  void await(long nanos);
}
