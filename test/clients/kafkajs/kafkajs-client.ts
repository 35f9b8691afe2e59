import { randomUUID } from 'node:crypto';
import { compress, decompress } from '@millrace/kafka-protocol';
import kafkajs, { type Consumer, type EachMessagePayload, type IHeaders, type Message, type Producer, type Transaction } from 'kafkajs';
import type { Codec, ForeignClient, NewRecord, ReadRecord } from '../foreign-client.ts';
import { Mailbox } from '../mailbox.ts';

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel, Partitioners } = kafkajs;

const types: Record<Codec, number> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
// It has gzip of its own, and leaves the others to whoever uses it.
for (const codec of ['snappy', 'lz4', 'zstd'] as const) {
  (CompressionCodecs as Record<number, unknown>)[types[codec]] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => compress(codec, buffer),
    decompress: async (content: Buffer) => decompress(types[codec], content),
  });
}

/** Drives kafkajs in this process. */
export function openKafkajs(brokers: string): ForeignClient {
  const kafka = new Kafka({
    clientId: 'kafkajs-driver',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 2_000, retries: 10 },
  });
  const admin = kafka.admin();
  const connected = admin.connect();
  const members = new Map<string, Member>();
  const producers = new Map<string, { producer: Producer; begun?: Transaction | undefined; transaction?: Transaction }>();
  const consumer = (groupId: string, isolation: string) =>
    kafka.consumer({
      groupId,
      readUncommitted: isolation === 'read_uncommitted',
      sessionTimeout: 6000,
      heartbeatInterval: 200,
      maxWaitTimeInMs: 100,
    });

  return {
    async createTopic({ topic, partitions, configs }) {
      await connected;
      const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
      const isNew = await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: false });
      if (!isNew) throw new Error('the topic exists');
    },
    createPartitions: async ({ topic, count }) => void (await admin.createPartitions({ topicPartitions: [{ topic, count }] })),
    deleteTopic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
    topics: () => admin.listTopics(),
    partitions: async ({ topic }) => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions.length,
    async configs({ topic }) {
      const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
      const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
      return Object.fromEntries(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
    },
    async alterConfigs({ topic, configs }) {
      const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
      await admin.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }] });
    },
    deleteRecords: ({ topic, partition, offset }) =>
      admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] }),
    groups: async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId),
    async group({ group }) {
      const [described] = (await admin.describeGroups([group])).groups;
      return { state: described!.state, members: described!.members.length };
    },
    async deleteGroup({ group }) {
      await admin.deleteGroups([group]).catch((failure: { groups?: { error?: Error }[] }) => {
        throw failure.groups?.[0]?.error ?? failure;
      });
    },
    async committed({ group, topic, partition }) {
      const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      const offset = Number(found!.partitions.find((each) => each.partition === partition)?.offset ?? -1);
      return offset < 0 ? null : offset;
    },
    async offsets({ topic, partition }) {
      const found = (await admin.fetchTopicOffsets(topic)).find((each) => each.partition === partition)!;
      return { earliest: Number(found.low), latest: Number(found.high) };
    },
    async offsetAt({ topic, partition, timestamp }) {
      const ends = await admin.fetchTopicOffsets(topic);
      const offset = (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp)).find((each) => each.partition === partition)!.offset;
      // Where there is no such record it gives the end.
      return offset === ends.find((each) => each.partition === partition)!.high ? null : Number(offset);
    },
    async produce({ topic, codec, records }) {
      const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner });
      await producer.connect();
      const compression = codec === 'none' ? CompressionTypes.None : (types[codec] as kafkajs.CompressionTypes);
      const written = await producer.send({ topic, compression, acks: -1, messages: records.map(messageOf) });
      await producer.disconnect();
      const next = new Map(written.map(({ partition, baseOffset }) => [partition, Number(baseOffset)]));
      return records.map(({ partition }) => {
        const offset = next.get(partition)!;
        next.set(partition, offset + 1);
        return offset;
      });
    },
    /** It only reads as a member of a group: one that nobody else has. */
    async read({ topic, partition, isolation, until }) {
      const member = new Member(consumer(`reader-${randomUUID()}`, isolation));
      await member.start(topic);
      const records = await member.mailbox.takeUntil((each) => each.partition === partition && each.value === until);
      await member.consumer.disconnect();
      return records.filter((each) => each.partition === partition);
    },

    async join({ member, group, topic }) {
      const joined = new Member(consumer(group, 'read_committed'));
      members.set(member, joined);
      await joined.start(topic);
    },
    async poll({ member }) {
      const { mailbox, assignment } = members.get(member)!;
      return { records: await mailbox.takeSome(200), assignment: assignment() };
    },
    async commit({ member }) {
      const { consumer, mailbox, topic } = members.get(member)!;
      const offsets = [...mailbox.positions].map(([partition, offset]) => ({ topic, partition, offset: String(offset) }));
      await consumer.commitOffsets(offsets);
    },
    async leave({ member }) {
      await members.get(member)!.consumer.disconnect();
      members.delete(member);
    },

    async openProducer({ producer, transactionalId }) {
      const options = { transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout: 30_000 };
      const opened = kafka.producer({ ...options, createPartitioner: Partitioners.DefaultPartitioner });
      await opened.connect();
      // It asks for its producer id when the first transaction begins, and fences others only then.
      producers.set(producer, { producer: opened, begun: await opened.transaction() });
    },
    async begin({ producer }) {
      const opened = producers.get(producer)!;
      opened.transaction = opened.begun ?? (await opened.producer.transaction());
      opened.begun = undefined;
    },
    async send({ producer, topic, records }) {
      await producers.get(producer)!.transaction!.send({ topic, messages: records.map(messageOf) });
    },
    async sendOffset({ producer, group, topic, offset }) {
      const topics = [{ topic, partitions: [{ partition: 0, offset: String(offset) }] }];
      await producers.get(producer)!.transaction!.sendOffsets({ consumerGroupId: group, topics });
    },
    async end({ producer, commit }) {
      const { transaction } = producers.get(producer)!;
      await (commit ? transaction!.commit() : transaction!.abort());
    },
    async closeProducer({ producer }) {
      await producers.get(producer)!.producer.disconnect();
    },
    async close() {
      await connected;
      await admin.disconnect();
    },
  };
}

/** A consumer that runs by itself, and what it has got. */
class Member {
  readonly mailbox = new Mailbox();
  readonly consumer: Consumer;
  topic = '';
  #assigned: readonly number[] = [];

  constructor(consumer: Consumer) {
    this.consumer = consumer;
    consumer.on(consumer.events.REBALANCING, () => (this.#assigned = []));
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assigned = [...(payload.memberAssignment[this.topic] ?? [])].sort((a, b) => a - b);
      this.mailbox.positions.clear();
    });
  }

  readonly assignment = () => this.#assigned;

  async start(topic: string): Promise<void> {
    this.topic = topic;
    await this.consumer.connect();
    await this.consumer.subscribe({ topic, fromBeginning: true });
    await this.consumer.run({ autoCommit: false, eachMessage: async (payload) => this.mailbox.put(recordOf(payload)) });
  }
}

function messageOf({ key, value, headers, partition, timestamp }: NewRecord): Message {
  const collected: Record<string, string[]> = {};
  for (const [name, text] of headers) (collected[name] ??= []).push(text);
  return { key, value, headers: collected, partition, timestamp: String(timestamp) };
}

function recordOf({ partition, message }: EachMessagePayload): ReadRecord {
  const { key, value, timestamp, offset } = message;
  return {
    partition,
    offset: Number(offset),
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    headers: headersOf(message.headers ?? {}),
    timestamp: Number(timestamp),
  };
}

function headersOf(headers: IHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, String(each)]));
}
