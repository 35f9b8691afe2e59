import type { Catalog } from '@millrace/catalog';
import type { Clock, Logger, Random } from '@millrace/core';
import type { Admin, KafkaClient, Producer } from '@millrace/kafka-client';
import type { ConfigurationValues } from '../configuration/keys.ts';
import type { Metrics } from '../http/metrics.ts';
import type { TopicLimits } from '../insert/topic-limits.ts';
import type { Pipes } from '../pipes/pipes.ts';
import type { QueryRegistry } from '../queries/query-registry.ts';
import type { ViewRegistry } from '../views/view-registry.ts';

/** What statements work with: the parts of a running server. */
export interface Services {
  readonly values: ConfigurationValues;
  /** Stands wherever SQL names no zone. */
  readonly timezone: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly catalog: Catalog;
  readonly kafka: KafkaClient;
  readonly admin: Admin;
  readonly producer: Producer;
  readonly queries: QueryRegistry;
  readonly views: ViewRegistry;
  readonly pipes: Pipes;
  readonly topicLimits: TopicLimits;
  readonly metrics: Metrics;
}

/** What a request says of a statement. */
export interface Request {
  /** The whole text: positions of errors point into it. */
  readonly source: string;
  readonly queryId: string;
  readonly user: string;
  /** Settings by name, as the request and SET statements before gave them. */
  readonly settings: Record<string, unknown>;
  /** Data of an INSERT that came beside the statement, or null. */
  readonly data: Buffer | null;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}
