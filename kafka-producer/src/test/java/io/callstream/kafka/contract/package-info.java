/**
 * Contains a Kafka broker as a test bed for the contract kit. Authors of engines that read Kafka
 * return {@link io.callstream.kafka.contract.TestBroker#source} from their test bed.
 */
package io.callstream.kafka.contract;
