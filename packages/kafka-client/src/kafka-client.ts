import { type Clock, type Logger, MillraceError, type Random, silentLogger, systemClock, systemRandom } from '@millrace/core';
import { type Api, apis, type EncodableRequest, type ResponseOf } from '@millrace/kafka-protocol';
import { retry } from './back-off.ts';
import { type Address, Connection, type ConnectionOptions, text } from './connection.ts';
import { dialTls } from './dial-tls.ts';
import type { ClientOptions, TopicMetadata } from './ports.ts';
import { checkCode, refused } from './refused.ts';
import { type Dial, dialTcp } from './transport.ts';

/** A broker and how its connection is called. */
interface Node {
  readonly address: Address;
  readonly key: string;
}

/**
 * Connections to a cluster and what is known of it: its nodes, its topics and who leads their partitions.
 * Shared by readers, producers and group members; safe to use from many callers at once.
 */
export class KafkaClient {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly requestTimeoutMs: number;
  readonly #bootstrap: readonly Node[];
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #nodes = new Map<number, Node>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #closing = new AbortController();

  /** Does not connect yet. @throws {MillraceError} CONFIG_INVALID if a broker is not `host:port`. */
  constructor(options: ClientOptions & { readonly dial?: Dial }) {
    this.clock = options.clock ?? systemClock;
    this.logger = options.logger ?? silentLogger;
    this.random = options.random ?? systemRandom;
    this.requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#bootstrap = options.brokers.map(parseAddress).map((address) => ({ address, key: text(address) }));
    this.#options = {
      clientId: options.clientId,
      clock: this.clock,
      dial: options.dial ?? dialOf(options.ssl),
      sasl: options.sasl,
      isEncrypted: (options.ssl ?? false) !== false,
      requestTimeoutMs: this.requestTimeoutMs,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      maxResponseBytes: options.maxResponseBytes ?? 128 * 1024 * 1024,
      signal: this.#closing.signal,
    };
  }

  /** Aborted when the client closes. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /**
   * Asks the cluster for topics and remembers the answer.
   * @param topics null asks for all.
   * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN if one does not exist, KAFKA_BROKER_UNAVAILABLE.
   */
  metadata(topics: readonly string[] | null): Promise<TopicMetadata[]> {
    return retry(this, this.requestTimeoutMs, () => this.metadataOnce(topics), rethrowUnknown);
  }

  /** Like {@link metadata}, but without trying again: for callers that do so themselves. */
  metadataOnce(topics: readonly string[] | null): Promise<TopicMetadata[]> {
    return this.#askFor(topics, false);
  }

  async #askFor(topics: readonly string[] | null, allowAutoTopicCreation: boolean): Promise<TopicMetadata[]> {
    const response = await this.requestAny(apis.metadata, (version) => ({
      // Version 0 has no null: there an empty list asks for all.
      topics: topics === null ? (version === 0 ? [] : null) : topics.map((name) => ({ name })),
      allowAutoTopicCreation,
    }));
    for (const { nodeId, host, port } of response.brokers) this.learnNode(nodeId, { host, port });
    const untold = topics?.find((name) => !response.topics.some((topic) => topic.name === name));
    if (untold !== undefined) throw new MillraceError('KAFKA_PROTOCOL_INVALID', `the broker's metadata say nothing of topic "${untold}"`);
    return response.topics.map((topic) => {
      if (topic.errorCode !== 0) {
        this.#topics.delete(topic.name!);
        throw refused(topic.errorCode, `Metadata of topic "${topic.name}"`, { topic: topic.name });
      }
      const partitions = topic.partitions
        .map(({ partitionIndex, leaderId, leaderEpoch }) => ({ partition: partitionIndex, leader: leaderId, leaderEpoch }))
        .sort((a, b) => a.partition - b.partition);
      const metadata = { name: topic.name!, topicId: topic.topicId, partitions };
      this.#topics.set(metadata.name, metadata);
      return metadata;
    });
  }

  /** A topic as it is remembered, asked for if it is not. @throws as {@link metadata}. */
  async topic(name: string): Promise<TopicMetadata> {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    return (await this.metadata([name])).find((topic) => topic.name === name)!;
  }

  /**
   * Like {@link topic}, for who writes to a topic that others may not have made: brokers that make topics when clients ask for them
   * (`auto.create.topics.enable`) make it.
   * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN if it does not come, KAFKA_BROKER_UNAVAILABLE.
   */
  async topicToWrite(name: string): Promise<TopicMetadata> {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    // Apache Kafka says of a topic that it begins to make that it is not there yet.
    const timeoutMs = Math.min(autoCreationMs, this.requestTimeoutMs);
    const found = await retry(this, timeoutMs, () => this.#askFor([name], true)).catch((cause: MillraceError) => {
      if (cause.code !== 'KAFKA_TOPIC_UNKNOWN') throw cause;
      throw new MillraceError('KAFKA_TOPIC_UNKNOWN', `the topic "${name}" does not exist, and its brokers make none when they are asked`, {
        cause,
        details: cause.details,
        hint: `make it: millrace topic create ${name}`,
      });
    });
    return found.find((topic) => topic.name === name)!;
  }

  /** Forgets what is known of a topic, so that it is asked for again. */
  forgetTopic(name: string): void {
    this.#topics.delete(name);
  }

  /**
   * The node that leads a partition, from what is remembered.
   * @throws {MillraceError} KAFKA_TOPIC_UNKNOWN if there is no such partition, KAFKA_REQUEST_REFUSED (retryable) if it has no leader now.
   */
  async leaderOf(topic: string, partition: number): Promise<number> {
    const { partitions } = this.#topics.get(topic) ?? (await this.metadataOnce([topic])).find(({ name }) => name === topic)!;
    const found = partitions[partition];
    if (found === undefined) {
      this.forgetTopic(topic);
      throw new MillraceError('KAFKA_TOPIC_UNKNOWN', `topic "${topic}" has no partition ${partition}; it has ${partitions.length}`, {
        details: { topic, partition },
      });
    }
    if (found.leader === -1) {
      this.forgetTopic(topic);
      throw new MillraceError('KAFKA_REQUEST_REFUSED', `partition ${partition} of "${topic}" has no leader at the moment`, {
        details: { topic, partition, kafkaError: 'LEADER_NOT_AVAILABLE' },
      });
    }
    return found.leader;
  }

  /** The shared connection to a node, opened if need be. @throws {MillraceError} KAFKA_BROKER_UNAVAILABLE */
  connection(nodeId: number): Promise<Connection> {
    return this.#shared(this.#node(nodeId));
  }

  /**
   * A connection of the caller's own, for requests that wait long. The caller closes it, or its signal does.
   * @param options.allocate gives the memory of its responses.
   */
  async dedicatedConnection(nodeId: number, options: Partial<Pick<ConnectionOptions, 'signal' | 'allocate'>> = {}): Promise<Connection> {
    (options.signal ?? this.signal).throwIfAborted();
    return Connection.open(this.#node(nodeId).address, { ...this.#options, ...options });
  }

  /**
   * Sends a request to any broker that answers.
   * @throws {MillraceError} KAFKA_BROKER_UNAVAILABLE if none does.
   */
  async requestAny<A extends Api>(api: A, body: EncodableRequest<A> | ((version: number) => EncodableRequest<A>)): Promise<ResponseOf<A>> {
    const connection = await this.#anyConnection();
    return connection.request(api, body);
  }

  /** Learns the address of a node, e.g. from a coordinator lookup. */
  learnNode(nodeId: number, address: Address): void {
    this.#nodes.set(nodeId, { address, key: text(address) });
  }

  /** Closes all connections; what is under way fails. */
  async close(): Promise<void> {
    this.#closing.abort(new MillraceError('KAFKA_BROKER_UNAVAILABLE', 'the Kafka client was closed', { retryable: false }));
    await Promise.allSettled(this.#connections.values());
  }

  #node(nodeId: number): Node {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new MillraceError('KAFKA_BROKER_UNAVAILABLE', `the address of node ${nodeId} is not known`);
    return node;
  }

  #shared({ address, key }: Node): Promise<Connection> {
    if (this.signal.aborted) return Promise.reject(this.signal.reason);
    const known = this.#connections.get(key);
    if (known !== undefined) return known;
    const opening = Connection.open(address, this.#options);
    const forget = () => {
      if (this.#connections.get(key) === opening) this.#connections.delete(key);
    };
    this.#connections.set(key, opening);
    opening.then((connection) => connection.onClosed(forget), forget);
    return opening;
  }

  /** Nodes that are known come first, in random order; the configured ones are asked when none of them answers. */
  async #anyConnection(): Promise<Connection> {
    const known = [...this.#nodes.values()].map((node) => ({ node, rank: this.random.float() }));
    const candidates = [...known.sort((a, b) => a.rank - b.rank).map(({ node }) => node), ...this.#bootstrap];
    let cause: unknown;
    for (const node of candidates) {
      try {
        return await this.#shared(node);
      } catch (error) {
        this.signal.throwIfAborted();
        cause = error;
      }
    }
    // Trying again does not help: a wrong password is not to look like a broker that is away.
    if (cause instanceof MillraceError && cause.actor === 'config') throw cause;
    const reason = cause instanceof Error ? `: ${cause.message}` : '';
    throw new MillraceError(
      'KAFKA_BROKER_UNAVAILABLE',
      `no broker answers at ${this.#bootstrap.map(({ key }) => key).join(', ')}${reason}`,
      {
        cause,
        hint: (cause instanceof MillraceError && cause.hint) || 'see that the brokers run and that "kafka.brokers" names them',
      },
    );
  }
}

function dialOf(ssl: ClientOptions['ssl'] = false): Dial {
  return ssl === false ? dialTcp : dialTls(ssl === true ? {} : ssl);
}

/** How long a topic may take to come after it was asked for. */
const autoCreationMs = 2000;

/** A topic that does not exist is told at once; callers that expect it to come wait themselves. */
function rethrowUnknown(error: MillraceError): void {
  if (error.code === 'KAFKA_TOPIC_UNKNOWN') throw error;
}

function parseAddress(broker: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(broker.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new MillraceError('CONFIG_INVALID', `broker "${broker}" is not of the form host:port`, { details: { given: broker } });
  }
  return { host: (match[1] ?? match[2])!, port };
}

/** What a coordinator looks after. */
export type CoordinatorKind = 'group' | 'transaction';

/**
 * The node that coordinates a group, or the transactions of a transactional id.
 * @throws {MillraceError} KAFKA_BROKER_UNAVAILABLE, KAFKA_REQUEST_REFUSED (retryable while the coordinator loads).
 */
export async function findCoordinator(client: KafkaClient, key: string, kind: CoordinatorKind = 'group'): Promise<number> {
  const keyType = kind === 'group' ? 0 : 1;
  const response = await client.requestAny(apis.findCoordinator, (version) =>
    version >= 4 ? { keyType, coordinatorKeys: [key] } : { keyType, key },
  );
  const found = response.coordinators[0] ?? response;
  const details = kind === 'group' ? { groupId: key } : { transactionalId: key };
  checkCode(found.errorCode, `FindCoordinator of ${kind === 'group' ? 'group' : 'transactional id'} "${key}"`, details);
  client.learnNode(found.nodeId, found);
  return found.nodeId;
}
