import { MillraceError } from '@millrace/core';
import type { SaslMechanism } from './security/authentication.ts';
import type { TlsServerOptions } from './security/tls-server.ts';

/** What a broker is started with: plain data. Only `dataDirectory` must be given. */
export interface BrokerOptions {
  /** Where everything is kept; made if it is not there. */
  readonly dataDirectory: string;
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Port to listen on, 0 for a free one; default 9092. */
  readonly port?: number;
  /** What clients are told to connect to; default: what is listened on. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  /** Default 1. */
  readonly nodeId?: number;
  /**
   * How many brokers clients see: 1 to 3, default 1. Those beyond the first have the next node ids and the next ports (each a free one with
   * port 0). They share process and data: for tests of what clients do when leaders and coordinators move and nodes go down.
   */
  readonly virtualBrokers?: number;
  /** Make a topic when a client asks for one that does not exist; default true. */
  readonly autoCreateTopics?: boolean;
  /** Partitions of a topic that is made without saying how many; default 1. */
  readonly defaultPartitions?: number;
  /** Records of a partition after which an append waits for stable storage; 1 makes every acknowledgement survive a loss of power; default never. */
  readonly flushMessages?: number;
  /** Longest time until a record is brought to stable storage; default: when the system does it. */
  readonly flushMs?: number;
  /** Further configuration for topics that do not say otherwise, by Kafka's names. */
  readonly topicDefaults?: Readonly<Record<string, string>>;
  /** Default 2,000. */
  readonly connectionsMax?: number;
  /** Connections of one address; default as many as there may be at all. */
  readonly connectionsPerAddressMax?: number;
  /** A client that says nothing for so long is let go; default 10 minutes. */
  readonly connectionIdleMaxMs?: number;
  /** Memory that the records in answers may hold, those of all connections together; default 256 MiB. */
  readonly fetchMemoryMax?: number;
  /** Largest request; default 100 MiB. */
  readonly requestBytesMax?: number;
  /** Largest sum of records that a fetch answers with; default 55 MiB. */
  readonly fetchBytesMax?: number;
  /** Partitions that one request may ask for; default 10,000. */
  readonly partitionsMax?: number;
  /** How long the first rebalance of a group waits for further members; default 0. */
  readonly groupInitialRebalanceDelayMs?: number;
  /** Shortest session a member may ask for; default 1,000. */
  readonly groupSessionTimeoutMinMs?: number;
  /** Longest session a member may ask for; default 30 minutes. */
  readonly groupSessionTimeoutMaxMs?: number;
  /** How long offsets stay after their group became empty; default 7 days. */
  readonly offsetsRetentionMs?: number;
  /** How long an idle producer's sequence is remembered; default 1 day. */
  readonly producerExpirationMs?: number;
  /** Longest time that a transaction may ask for; default 15 minutes. */
  readonly transactionTimeoutMaxMs?: number;
  /** How long a transactional id is remembered that is not used; default 7 days. */
  readonly transactionalIdExpirationMs?: number;
  /** How often it is looked for segments that retention.ms and retention.bytes do not keep; default 5 minutes. */
  readonly retentionCheckMs?: number;
  /** How often it is looked for compacted topics with enough that is new; default 15 seconds. */
  readonly compactionCheckMs?: number;

  /** Encrypts all listeners; default none is. */
  readonly tls?: TlsServerOptions;
  /** Clients have to say who they are; default nobody is asked. */
  readonly sasl?: SaslOptions;
}

/** Who may use the broker. */
export interface SaslOptions {
  /** How clients may prove who they are; default SCRAM-SHA-256 and SCRAM-SHA-512. With PLAIN passwords go over the wire as they are. */
  readonly mechanisms?: readonly SaslMechanism[];
  /** Names and passwords, beside those of users that are added while the broker runs. They are administrators: may change all others. */
  readonly users?: Readonly<Record<string, string>>;
  /** For how long a client is believed before it has to prove itself anew; default for ever (`connections.max.reauth.ms`). */
  readonly maxReauthMs?: number;
  /** When a refusal is told; default 100 (`connection.failed.authentication.delay.ms`). */
  readonly failureDelayMs?: number;
}

type Settled = Required<Omit<BrokerOptions, 'advertisedHost' | 'advertisedPort' | 'tls' | 'sasl'>> &
  Pick<BrokerOptions, 'advertisedHost' | 'advertisedPort' | 'tls' | 'sasl'>;

const dayMs = 24 * 60 * 60 * 1000;
const mebibyte = 1024 * 1024;

/** The options with their defaults. @throws {MillraceError} CONFIG_INVALID */
export function settleOptions(options: BrokerOptions): Settled {
  const settled = {
    host: '127.0.0.1',
    port: 9092,
    nodeId: 1,
    virtualBrokers: 1,
    autoCreateTopics: true,
    defaultPartitions: 1,
    flushMessages: Number.POSITIVE_INFINITY,
    flushMs: Number.POSITIVE_INFINITY,
    topicDefaults: {},
    connectionsMax: 2000,
    connectionsPerAddressMax: Number.POSITIVE_INFINITY,
    connectionIdleMaxMs: 10 * 60 * 1000,
    fetchMemoryMax: 256 * mebibyte,
    requestBytesMax: 100 * mebibyte,
    fetchBytesMax: 55 * mebibyte,
    partitionsMax: 10_000,
    groupInitialRebalanceDelayMs: 0,
    groupSessionTimeoutMinMs: 1000,
    groupSessionTimeoutMaxMs: 30 * 60 * 1000,
    offsetsRetentionMs: 7 * dayMs,
    producerExpirationMs: dayMs,
    transactionTimeoutMaxMs: 15 * 60 * 1000,
    transactionalIdExpirationMs: 7 * dayMs,
    retentionCheckMs: 5 * 60 * 1000,
    compactionCheckMs: 15 * 1000,
    ...options,
  };
  const check = (
    name:
      | 'port'
      | 'virtualBrokers'
      | 'defaultPartitions'
      | 'flushMessages'
      | 'flushMs'
      | 'connectionsMax'
      | 'requestBytesMax'
      | 'connectionsPerAddressMax'
      | 'connectionIdleMaxMs'
      | 'fetchMemoryMax',
    low: number,
    high: number,
  ) => {
    const value = settled[name];
    const isLegal = value >= low && value <= high && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY);
    if (!isLegal)
      throw new MillraceError('CONFIG_INVALID', `${name} is ${value}; whole numbers from ${low} to ${high} are legal`, {
        details: { name, value },
      });
  };
  check('port', 0, 65_535);
  check('virtualBrokers', 1, 3);
  check('defaultPartitions', 1, settled.partitionsMax);
  const portMax = 65_536 - settled.virtualBrokers;
  for (const name of ['port', 'advertisedPort'] as const) {
    if ((settled[name] ?? 0) > portMax) {
      const given = `${name} ${settled[name]} leaves no port for each of ${settled.virtualBrokers} virtual brokers`;
      throw new MillraceError('CONFIG_INVALID', `${given}; ${portMax} is the last that does`, { details: { name, value: settled[name] } });
    }
  }
  check('flushMessages', 1, Number.POSITIVE_INFINITY);
  check('flushMs', 0, Number.POSITIVE_INFINITY);
  check('connectionsMax', 1, Number.MAX_SAFE_INTEGER);
  check('requestBytesMax', 1024, 2 ** 31 - 1);
  check('connectionsPerAddressMax', 1, Number.POSITIVE_INFINITY);
  check('connectionIdleMaxMs', 1, Number.POSITIVE_INFINITY);
  check('fetchMemoryMax', mebibyte, Number.MAX_SAFE_INTEGER);
  return settled;
}
