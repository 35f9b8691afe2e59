import { delay, type Logger, MillraceError, silentLogger, systemClock } from '@millrace/core';
import { apis, decodeAssignment, type EncodableRequest } from '@millrace/kafka-protocol';
import type { Admin as KafkaJsAdmin, SASLOptions } from 'kafkajs';
import { tlsOptionsOf } from './dial-tls.ts';
import { KafkaClient } from './kafka-client.ts';
import type { Admin, ClientOptions, ConfigEntry, GroupDescription, PartitionOffset, TopicSpec } from './ports.ts';
import { refused } from './refused.ts';

/**
 * Administration through kafkajs, which is loaded when it is first needed.
 * @see https://kafka.js.org/docs/admin
 */
export function createAdmin(
  options: Pick<ClientOptions, 'brokers' | 'clientId' | 'logger' | 'requestTimeoutMs' | 'connectTimeoutMs' | 'ssl' | 'sasl'>,
): Admin {
  return new KafkaJsBackedAdmin(options);
}

type WantedTopic = EncodableRequest<typeof apis.createTopics>['topics'][number];

/** How long a new topic may take to have leaders, and a new cluster to have coordinators. */
const ledWithinMs = 30_000;
/** Kafka's number for a topic as the owner of a configuration. */
const topicResource = 2;
/** Kafka's number for a configuration entry that the topic itself has. */
const setOnTopic = 1;

class KafkaJsBackedAdmin implements Admin {
  readonly #options: Parameters<typeof createAdmin>[0];
  #connected: Promise<KafkaJsAdmin> | undefined;

  constructor(options: Parameters<typeof createAdmin>[0]) {
    this.#options = options;
  }

  async createTopic({ topic, partitions, replicationFactor, configs }: TopicSpec): Promise<boolean> {
    const configEntries = Object.entries(configs ?? {}).map(([name, value]) => ({ name, value }));
    const wanted = { numPartitions: partitions, replicationFactor: replicationFactor ?? -1 };
    const isMade = await this.#call(`creating topic "${topic}"`, (admin) =>
      admin.createTopics({ waitForLeaders: false, topics: [{ topic, ...wanted, configEntries }] }),
    ).catch(async (error: MillraceError) => {
      throw error.code === 'KAFKA_REQUEST_REFUSED'
        ? await this.#inBrokersWords(error, { name: topic, ...wanted, assignments: [], configs: configEntries })
        : error;
    });
    if (isMade) await this.#untilLed(topic);
    return isMade;
  }

  /** Waits until brokers know a topic that was just made: one that is busy hears of it late. kafkajs waits for leaders only. */
  async #untilLed(topic: string): Promise<void> {
    const deadlineMs = systemClock.monotonic() + ledWithinMs;
    const isLed = () =>
      this.#call(`waiting for topic "${topic}"`, async (admin) => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]!.partitions.every(({ leader }) => leader >= 0);
      });
    for (;;) {
      const failure = await isLed().then(
        (led) => (led ? null : undefined),
        (error: MillraceError) => error,
      );
      if (failure === null) return;
      if (systemClock.monotonic() >= deadlineMs || failure?.retryable === false) throw failure ?? leaderless(topic);
      await delay(systemClock, 50);
    }
  }

  deleteTopic(topic: string): Promise<void> {
    return this.#call(`deleting topic "${topic}"`, (admin) => admin.deleteTopics({ topics: [topic] }));
  }

  async createPartitions(topic: string, count: number): Promise<void> {
    await this.#call(`adding partitions to topic "${topic}"`, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
  }

  listTopics(): Promise<string[]> {
    return this.#call('listing topics', (admin) => admin.listTopics());
  }

  async describeTopicConfigs(topic: string): Promise<ConfigEntry[]> {
    const { resources } = await this.#call(`reading the configuration of topic "${topic}"`, (admin) =>
      admin.describeConfigs({ includeSynonyms: false, resources: [{ type: topicResource, name: topic }] }),
    );
    return resources.flatMap(({ configEntries }) =>
      configEntries.map(({ configName, configValue, configSource, readOnly, isSensitive }) => ({
        name: configName,
        value: configValue,
        isDefault: configSource !== setOnTopic,
        readOnly,
        sensitive: isSensitive,
      })),
    );
  }

  /** Keeps what the topic has set already: Kafka's older request, which kafkajs has, replaces the whole configuration. */
  async alterTopicConfigs(topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const set = (await this.describeTopicConfigs(topic)).filter(
      ({ isDefault, readOnly, value }) => !isDefault && !readOnly && value !== null,
    );
    const wanted = { ...Object.fromEntries(set.map(({ name, value }) => [name, value!])), ...configs };
    const configEntries = Object.entries(wanted).map(([name, value]) => ({ name, value }));
    await this.#call(`changing the configuration of topic "${topic}"`, (admin) =>
      admin.alterConfigs({ validateOnly: false, resources: [{ type: topicResource, name: topic, configEntries }] }),
    );
  }

  async listGroups(): Promise<{ groupId: string; protocolType: string }[]> {
    const { groups } = await this.#call('listing groups', (admin) => admin.listGroups());
    return groups.map(({ groupId, protocolType }) => ({ groupId, protocolType }));
  }

  async describeGroup(groupId: string): Promise<GroupDescription> {
    const { groups } = await this.#call(`describing group "${groupId}"`, (admin) => admin.describeGroups([groupId]));
    const { state, protocolType, protocol, members } = groups[0]!;
    return {
      groupId,
      state,
      protocolType,
      protocol,
      members: members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
        memberId,
        clientId,
        host: clientHost,
        partitions: decodeAssignment(Buffer.from(memberAssignment)).assignedPartitions.flatMap(({ topic, partitions }) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
      })),
    };
  }

  async groupOffsets(groupId: string, topics?: readonly string[]): Promise<PartitionOffset[]> {
    const found = await this.#call(`reading the offsets of group "${groupId}"`, (admin) =>
      admin.fetchOffsets({ groupId, ...(topics && { topics: [...topics] }) }),
    );
    return found.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })).filter(({ offset }) => offset >= 0),
    );
  }

  async deleteGroup(groupId: string): Promise<void> {
    const deadlineMs = systemClock.monotonic() + ledWithinMs;
    for (;;) {
      const failure = await this.#call(`deleting group "${groupId}"`, (admin) => admin.deleteGroups([groupId])).then(
        () => null,
        (error: MillraceError) => error,
      );
      if (failure === null || failure.details?.kafkaError === 'GROUP_ID_NOT_FOUND') return;
      // The first group of a cluster finds none that coordinates it yet. kafkajs tries only some of that again.
      if (!ofCoordinators.includes(failure.details?.kafkaError) || systemClock.monotonic() >= deadlineMs) throw failure;
      await delay(systemClock, 50);
    }
  }

  async deleteRecords(offsets: readonly PartitionOffset[]): Promise<void> {
    for (const topic of new Set(offsets.map(({ topic }) => topic))) {
      const partitions = offsets.filter((of) => of.topic === topic).map(({ partition, offset }) => ({ partition, offset: String(offset) }));
      await this.#call(`deleting records of topic "${topic}"`, (admin) => admin.deleteTopicRecords({ topic, partitions }));
    }
  }

  async brokers(): Promise<{ nodeId: number; host: string; port: number }[]> {
    const { brokers } = await this.#call('describing the cluster', (admin) => admin.describeCluster());
    return brokers;
  }

  async close(): Promise<void> {
    const connected = this.#connected;
    this.#connected = undefined;
    await connected?.then((admin) => admin.disconnect()).catch(() => {});
  }

  async #call<T>(what: string, action: (admin: KafkaJsAdmin) => Promise<T>): Promise<T> {
    try {
      return await action(await this.#connect());
    } catch (error) {
      const translated = translate(error, what);
      throw isOfConnecting(translated) ? await this.#explained(translated) : translated;
    }
  }

  /** kafkajs leaves away what the broker says of a topic that it refuses: it is asked once more, by a request that makes nothing. */
  async #inBrokersWords(error: MillraceError, topic: WantedTopic): Promise<MillraceError> {
    const client = new KafkaClient(this.#options);
    try {
      const [answer] = (await client.requestAny(apis.createTopics, { topics: [topic], validateOnly: true })).topics;
      return answer?.errorMessage ? refused(answer.errorCode, `creating topic "${topic.name}"`, {}, answer.errorMessage) : error;
    } catch {
      return error;
    } finally {
      await client.close();
    }
  }

  /** kafkajs tells a wrong password or certificate and a broker that is away in like words: a connection of ours says which it is. */
  async #explained(error: MillraceError): Promise<MillraceError> {
    const client = new KafkaClient(this.#options);
    try {
      // The brokers may tell clients to come by other names than the one that was given.
      const { brokers } = await client.requestAny(apis.metadata, { topics: [], allowAutoTopicCreation: false });
      for (const { nodeId, host, port } of brokers) client.learnNode(nodeId, { host, port });
      await Promise.all(brokers.map(({ nodeId }) => client.connection(nodeId)));
      return error;
    } catch (reason) {
      if (!(reason instanceof MillraceError)) return error;
      const { code, message, cause } = error;
      return reason.actor === 'config' ? reason : new MillraceError(code, message, { cause, hint: reason.hint });
    } finally {
      await client.close();
    }
  }

  #connect(): Promise<KafkaJsAdmin> {
    this.#connected ??= this.#open().catch((error: Error) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }

  async #open(): Promise<KafkaJsAdmin> {
    spendTimerWarning();
    const { Kafka, logLevel } = await import('kafkajs');
    const { brokers, clientId, logger = silentLogger, requestTimeoutMs = 30_000, connectTimeoutMs = 10_000, ssl, sasl } = this.#options;
    const kafka = new Kafka({
      clientId,
      brokers: [...brokers],
      ...(ssl !== undefined && { ssl: typeof ssl === 'object' ? tlsOptionsOf(ssl) : ssl }),
      ...(sasl !== undefined && { sasl: { ...sasl, mechanism: sasl.mechanism.toLowerCase() } as SASLOptions }),
      requestTimeout: requestTimeoutMs,
      connectionTimeout: connectTimeoutMs,
      retry: { retries: 4, initialRetryTime: 100 },
      logLevel: logLevel.WARN,
      logCreator: () => forward(logger),
    });
    const admin = kafka.admin();
    await admin.connect();
    return admin;
  }
}

function leaderless(topic: string): MillraceError {
  return new MillraceError('KAFKA_TIMED_OUT', `the topic "${topic}" was made, but its partitions have no leaders yet`, {
    details: { topic },
  });
}

const ofCoordinators: readonly unknown[] = ['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'];
const ofConnecting: readonly unknown[] = ['UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE', 'SASL_AUTHENTICATION_FAILED'];

function isOfConnecting(error: Error): error is MillraceError {
  return error instanceof MillraceError && (error.code === 'KAFKA_BROKER_UNAVAILABLE' || ofConnecting.includes(error.details.kafkaError));
}

/** kafkajs sets timers of less than nothing where it means "soon". Node warns of the first one of a process, for everyone to see. */
function spendTimerWarning(): void {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    clearTimeout(setTimeout(() => {}, -1));
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** kafkajs logs as errors what it then tries again or throws; for us that is detail. */
function forward(logger: Logger): (entry: { namespace: string; log: { message: string } }) => void {
  return ({ namespace, log: { message } }) => logger.debug({ part: `kafkajs ${namespace}` }, message);
}

interface KafkaJsError extends Error {
  readonly code?: number | string;
  readonly cause?: unknown;
  readonly errors?: readonly KafkaJsError[];
  readonly groups?: readonly { readonly errorCode: number }[];
}

/** kafkajs wraps errors in errors: the innermost one that carries Kafka's number says what happened. */
function translate(thrown: unknown, what: string): Error {
  const kafkaCode = kafkaCodeIn(thrown as KafkaJsError);
  if (kafkaCode !== undefined) return refused(kafkaCode, what);
  const { name, message } = thrown as KafkaJsError;
  if (!name?.startsWith('KafkaJS')) return thrown as Error;
  if (name === 'KafkaJSServerDoesNotSupportApiKey') {
    return new MillraceError('NOT_SUPPORTED', `${what} failed: the broker does not offer it`, { cause: thrown });
  }
  return new MillraceError('KAFKA_BROKER_UNAVAILABLE', `${what} failed: ${message}`, { cause: thrown });
}

function kafkaCodeIn(error: KafkaJsError): number | undefined {
  if (typeof error.code === 'number') return error.code;
  const inner = [...(error.errors ?? []), ...(error.cause instanceof Error ? [error.cause as KafkaJsError] : [])];
  for (const one of inner) {
    const code = kafkaCodeIn(one);
    if (code !== undefined) return code;
  }
  return error.groups?.[0]?.errorCode;
}
