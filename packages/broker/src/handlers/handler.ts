import type { Clock, Logger } from '@millrace/core';
import type { Api, EncodableResponse, RequestOf } from '@millrace/kafka-protocol';
import type { BrokerConfig } from '../broker-configs.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { ProducerIds } from '../producer/producer-ids.ts';
import type { Authentication, SaslServices } from '../security/authentication.ts';
import type { Credentials } from '../security/credentials.ts';
import type { Topics } from '../topic/topics.ts';
import type { TransactionCoordinator } from '../transaction/transaction-coordinator.ts';

/** What the handlers of one node work with. */
export interface Services {
  readonly cluster: Cluster;
  /** The node that was asked. */
  readonly nodeId: number;
  readonly topics: Topics;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly producerIds: ProducerIds;
  readonly credentials: Credentials;
  /** Undefined where clients need not say who they are. */
  readonly sasl: SaslServices | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  /** Partitions that one request may ask for. */
  readonly partitionsMax: number;
  /** What a fetch answers with at most, whatever the client asks for. */
  readonly fetchBytesMax: number;
  /** How many nodes are to lead the partitions of a topic that is made without saying how many. */
  readonly defaultReplicationFactor: number;
  /** The node's own settings, as DescribeConfigs shows them. */
  readonly brokerConfigs: () => readonly BrokerConfig[];
}

/** What a request says beside its body. */
export interface RequestContext {
  readonly version: number;
  readonly clientId: string;
  readonly host: string;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** Who the client is; undefined where it is not asked. */
  readonly authentication: Authentication | undefined;
  /** Closes the connection once this request is answered. */
  readonly hangUp: () => void;
  /** Memory for what is read into the response; it is used again once the response is sent. */
  readonly allocate: (size: number) => Buffer;
  /** Asks for memory before much is allocated; tells how much may be used, 0 if the client is gone meanwhile. */
  readonly reserve: (wanted: number) => number | Promise<number>;
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
