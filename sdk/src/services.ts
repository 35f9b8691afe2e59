import type { RowsEvent } from './events.ts';
import { type ServiceToken, serviceToken } from './service-token.ts';
import type { Column } from './values.ts';

/** Structured log of the server; pipe, stage and plugin are added to each line. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Time as the host sees it: tests move it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** Resolves after so many milliseconds; rejects when the signal is aborted. */
  delay(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Figures of a plugin; they appear at `/metrics` as `millrace_plugin_<name>` with pipe, stage and plugin as labels. */
export interface Metrics {
  /** Adds to a counter. @param by at least 0; 1 by default */
  count(name: string, by?: number): void;
  /** Sets a gauge. */
  gauge(name: string, value: number): void;
}

/** What a stream is. */
export interface StreamDescription {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly eventTimeColumn: string | null;
}

/** Reads the catalog. */
export interface Streams {
  list(): readonly StreamDescription[];
  get(name: string): StreamDescription | undefined;
}

/** A stateless SELECT over events. */
export interface SqlQuery {
  readonly columns: readonly Column[];
  /** The rows that it gives for those of the event, and from which of them each comes. */
  run(event: RowsEvent): RowsEvent;
}

/** The SQL engine. */
export interface Sql {
  /**
   * Compiles `SELECT … FROM event WHERE …`.
   * @throws {Error} with position and cause: syntax, unknown columns, and what is not stateless
   */
  compile(select: string, columns: readonly Column[]): SqlQuery;
  /** Checks syntax, and that it is a stateless SELECT from `event`; columns are known later. @throws {Error} as {@link compile} */
  check(select: string): void;
}

/** A record to be written. Text is UTF-8. */
export interface TopicRecord {
  readonly key?: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: readonly { readonly key: string; readonly value: Uint8Array | null }[];
  /** Milliseconds since the epoch; now without it. */
  readonly timestampMs?: number;
  /** By the key's hash, as Java clients do, without it. */
  readonly partition?: number;
}

/** Writes into topics. */
export interface TopicWriter {
  /** Resolves when they are durable (`acks=all`), or, in a transaction, part of it. */
  send(topic: string, records: readonly TopicRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Whom to write to. */
export interface TopicCluster {
  /** `host:port` of another cluster; without it the server's own. */
  readonly brokers?: readonly string[];
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly serverName?: string };
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
    readonly username: string;
    readonly password: string;
  };
}

/** Kafka, as connectors may use it. For built-in plugins. */
export interface Topics {
  /** @throws {Error} if no broker answers */
  connect(cluster: TopicCluster): Promise<TopicWriter>;
}

/** Configuration of the server that is meant for plugins. */
export interface Settings {
  /** @param name as in the configuration, e.g. `pipe_connector_timeout_ms`. @throws {Error} if there is none of this name */
  get(name: string): string | number;
}

export const Logger: ServiceToken<Logger> = serviceToken('logger');
export const Clock: ServiceToken<Clock> = serviceToken('clock');
export const Metrics: ServiceToken<Metrics> = serviceToken('metrics');
export const Streams: ServiceToken<Streams> = serviceToken('streams');
export const Sql: ServiceToken<Sql> = serviceToken('sql');
export const Topics: ServiceToken<Topics> = serviceToken('topics');
export const Settings: ServiceToken<Settings> = serviceToken('settings');
