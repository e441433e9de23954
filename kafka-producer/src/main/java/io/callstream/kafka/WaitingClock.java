package io.callstream.kafka;

import java.util.concurrent.locks.LockSupport;

/** A clock that can wait. */
interface WaitingClock {
  WaitingClock SYSTEM =
      new WaitingClock() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void await(long nanos) {
          LockSupport.parkNanos(this, nanos);
        }
      };

  /** Returns the time in nanoseconds since an arbitrary origin. */
  long nanos();

  /** Waits for at most this many nanoseconds. */
  void await(long nanos);
}
