import type { Clock, Logger } from '@millrace/core';
import type { Api, EncodableResponse, RequestOf } from '@millrace/kafka-protocol';
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { ProducerIds } from '../producer/producer-ids.ts';
import type { Topics } from '../topic/topics.ts';
import type { TransactionCoordinator } from '../transaction/transaction-coordinator.ts';

/** The one node of the cluster, as clients are to reach it. */
export interface ClusterView {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** What handlers work with. */
export interface Services {
  readonly cluster: () => ClusterView;
  readonly topics: Topics;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly producerIds: ProducerIds;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  /** Partitions that one request may ask for. */
  readonly partitionsMax: number;
  /** What a fetch answers with at most, whatever the client asks for. */
  readonly fetchBytesMax: number;
  /** The broker's own settings, as DescribeConfigs shows them. */
  readonly brokerConfigs: ReadonlyMap<string, string>;
}

/** What a request says beside its body. */
export interface RequestContext {
  readonly version: number;
  readonly clientId: string;
  readonly host: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Memory for what is read into the response; it is used again once the response is sent. */
  readonly allocate: (size: number) => Buffer;
}

type Answer<A extends Api> = EncodableResponse<A> | undefined;

/**
 * Answers one API. Failures of the protocol are values in the response; what is thrown closes the connection.
 * `undefined` sends nothing (Produce with acks=0).
 */
export type Handler<A extends Api> = (request: RequestOf<A>, services: Services, context: RequestContext) => Answer<A> | Promise<Answer<A>>;

/** One row of the protocol table. */
export interface Endpoint {
  readonly api: Api;
  /** The versions that ApiVersions lists. */
  readonly versions: readonly [min: number, max: number];
  /** First version that is answered, where older ones are listed for the sake of old clients. */
  readonly acceptsFrom: number;
  readonly handle: Handler<Api>;
}

export function endpoint<A extends Api>(
  api: A,
  versions: readonly [min: number, max: number],
  handle: Handler<A>,
  acceptsFrom: number = versions[0],
): Endpoint {
  return { api, versions, acceptsFrom, handle: handle as unknown as Handler<Api> };
}
