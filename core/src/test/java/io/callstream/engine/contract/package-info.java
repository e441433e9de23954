/**
 * Contains the contract kit: the rules that every engine must follow, as tests. Authors of engines
 * extend {@link io.callstream.engine.contract.EngineContract} and {@link
 * io.callstream.engine.contract.RandomPipelinesContract}. Tests of pipelines may use {@link
 * io.callstream.engine.contract.AccountingAssert}.
 */
package io.callstream.engine.contract;
