package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.kafka.KafkaAdmin;
import java.io.Serializable;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.FenceProducersResult;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdNotFoundException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/**
 * The right of a run to write a topic from tasks. It is the epoch of a transactional id with which
 * no producer ever writes: each claim raises the epoch.
 */
record TopicClaim(String id, long producer, long epoch) implements Serializable {
  private static final long serialVersionUID = 1L;

  private static String id(String topic) {
    return KafkaTaskWriter.PREFIX + topic + "-owner";
  }

  /** Claims a topic. Earlier claims are no longer valid. */
  static TopicClaim take(KafkaAdmin admin, String topic) {
    String id = id(topic);
    FenceProducersResult claimed = admin.client().fenceProducers(List.of(id));
    try {
      return new TopicClaim(id, admin.get(claimed.producerId(id)), admin.get(claimed.epochId(id)));
    } catch (ExecutionException e) {
      throw admin.refused(topic, e);
    }
  }

  /** Ends the claim of an earlier run. Without effect if tasks have never written the topic. */
  static void renew(KafkaAdmin admin, String topic) {
    String id = id(topic);
    try {
      TransactionDescription ignored =
          admin.get(admin.client().describeTransactions(List.of(id)).description(id));
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TransactionalIdNotFoundException
          || e.getCause() instanceof TransactionalIdAuthorizationException
          || e.getCause() instanceof UnsupportedVersionException) { // brokers before 3.0
        return;
      }
      throw admin.refused(topic, e);
    }
    TopicClaim ignored = take(admin, topic);
  }

  /** Throws if another run has claimed the topic since. */
  void require(KafkaAdmin admin, String topic) {
    try {
      TransactionDescription last =
          admin.get(admin.client().describeTransactions(List.of(id)).description(id));
      if (last.producerId() != producer || last.producerEpoch() != epoch) {
        throw new CallstreamException(
            ErrorCode.SINK_FAILED,
            "The topic "
                + topic
                + " was taken over by another run while this one was writing. Let one run write it,"
                + " and give others another topic.");
      }
    } catch (ExecutionException e) {
      // Brokers forget an id after seven days, and another run would have claimed it again.
      if (!(e.getCause() instanceof TransactionalIdNotFoundException)) {
        throw admin.refused(topic, e);
      }
    }
  }
}
