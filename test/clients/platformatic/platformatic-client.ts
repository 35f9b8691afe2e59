import { randomUUID } from 'node:crypto';
import {
  Admin,
  Consumer,
  FetchIsolationLevels,
  type Message,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  Producer,
} from '@platformatic/kafka';
import type { ForeignClient, Isolation, NewRecord, ReadRecord } from '../foreign-client.ts';
import { Mailbox } from '../mailbox.ts';

const topicResource = 2;
const setOperation = 0;
const [latest, earliest] = [-1n, -2n];

type Transaction = Awaited<ReturnType<Producer['beginTransaction']>>;

const level = (isolation: Isolation) =>
  isolation === 'read_committed' ? FetchIsolationLevels.READ_COMMITTED : FetchIsolationLevels.READ_UNCOMMITTED;

/** Drives `@platformatic/kafka` in this process. */
export function openPlatformatic(brokers: string): ForeignClient {
  const common = { clientId: 'platformatic-driver', bootstrapBrokers: brokers.split(','), retries: 5, retryDelay: 100 };
  const admin = new Admin(common);
  const members = new Map<string, Member>();
  const producers = new Map<string, { producer: Producer; begun?: Transaction | undefined; transaction?: Transaction }>();

  const listOffset = async (topic: string, partition: number, timestamp: bigint, isolation: Isolation = 'read_uncommitted') => {
    const topics = [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }];
    const [listed] = await admin.listOffsets({ topics, isolationLevel: level(isolation) });
    return Number(listed!.partitions[0]!.offset);
  };
  const join = async (groupId: string, isolation: Isolation, topic: string) => {
    const consumer = new Consumer({
      ...common,
      groupId,
      sessionTimeout: 6000,
      rebalanceTimeout: 10_000,
      heartbeatInterval: 200,
      maxWaitTime: 100,
      isolationLevel: level(isolation),
    });
    const member = new Member(consumer, topic);
    await member.start();
    return member;
  };

  return {
    async createTopic({ topic, partitions, configs }) {
      const list = Object.entries(configs).map(([name, value]) => ({ name, value }));
      await detailed(admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: list }));
    },
    createPartitions: ({ topic, count }) => admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] }),
    deleteTopic: ({ topic }) => admin.deleteTopics({ topics: [topic] }),
    topics: () => admin.listTopics({}),
    async partitions({ topic }) {
      const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
      return topics.get(topic)!.partitions.length;
    },
    async configs({ topic }) {
      const resources = [{ resourceType: topicResource, resourceName: topic, configurationKeys: null }] as const;
      const [described] = await admin.describeConfigs({ resources: [...resources] });
      return Object.fromEntries(described!.configs.map(({ name, value }) => [name, value ?? null]));
    },
    async alterConfigs({ topic, configs }) {
      const list = Object.entries(configs).map(([name, value]) => ({ name, configOperation: setOperation, value }) as const);
      await admin.incrementalAlterConfigs({ resources: [{ resourceType: topicResource, resourceName: topic, configs: [...list] }] });
    },
    async deleteRecords({ topic, partition, offset }) {
      await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition, offset: BigInt(offset) }] }] });
    },
    groups: async () => [...(await admin.listGroups()).keys()],
    async group({ group }) {
      const described = (await admin.describeGroups({ groups: [group] })).get(group)!;
      return { state: described.state.charAt(0) + described.state.slice(1).toLowerCase(), members: described.members.size };
    },
    deleteGroup: ({ group }) => detailed(admin.deleteGroups({ groups: [group] })),
    async committed({ group, topic, partition }) {
      const asked = { groupId: group, topics: [{ name: topic, partitionIndexes: [partition] }] };
      const [found] = await admin.listConsumerGroupOffsets({ groups: [asked] });
      const offset = Number(found!.topics[0]?.partitions[0]?.committedOffset ?? -1);
      return offset < 0 ? null : offset;
    },
    async offsets({ topic, partition, isolation }) {
      const offset = (spec: bigint) => listOffset(topic, partition, spec, isolation);
      return { earliest: await offset(earliest), latest: await offset(latest) };
    },
    async offsetAt({ topic, partition, timestamp }) {
      const offset = await listOffset(topic, partition, BigInt(timestamp));
      return offset < 0 ? null : offset;
    },
    async produce({ topic, codec, records }) {
      const producer = new Producer({ ...common, idempotent: true });
      const { offsets } = await producer.send({
        messages: records.map((record) => messageOf(topic, record)),
        compression: codec,
        acks: -1,
      });
      await producer.close();
      const next = new Map(offsets!.map(({ partition, offset }) => [partition, Number(offset)]));
      return records.map(({ partition }) => {
        const offset = next.get(partition)!;
        next.set(partition, offset + 1);
        return offset;
      });
    },
    /** It only reads as a member of a group: one that nobody else has. */
    async read({ topic, partition, isolation, until }) {
      const member = await join(`reader-${randomUUID()}`, isolation, topic);
      const records = await member.mailbox.takeUntil((each) => each.partition === partition && each.value === until);
      await member.leave();
      return records.filter((each) => each.partition === partition);
    },

    async join({ member, group, topic }) {
      members.set(member, await join(group, 'read_committed', topic));
    },
    async poll({ member }) {
      const { mailbox, assignment } = members.get(member)!;
      return { records: await mailbox.takeSome(200), assignment: assignment() };
    },
    async commit({ member }) {
      const { consumer, mailbox, topic } = members.get(member)!;
      const offsets = [...mailbox.positions].map(([partition, offset]) => ({ topic, partition, offset: BigInt(offset), leaderEpoch: -1 }));
      await consumer.commit({ offsets });
    },
    async leave({ member }) {
      await members.get(member)!.leave();
      members.delete(member);
    },

    async openProducer({ producer, transactionalId }) {
      const opened = new Producer({ ...common, idempotent: true, transactionalId });
      // It asks for its producer id when the first transaction begins, and fences others only then.
      producers.set(producer, { producer: opened, begun: await opened.beginTransaction() });
    },
    async begin({ producer }) {
      const opened = producers.get(producer)!;
      opened.transaction = opened.begun ?? (await opened.producer.beginTransaction());
      opened.begun = undefined;
    },
    async send({ producer, topic, records }) {
      await producers.get(producer)!.transaction!.send({ messages: records.map((record) => messageOf(topic, record)) });
    },
    /** It takes the record that was read for the offset behind it. */
    async sendOffset({ producer, member, offset }) {
      const { consumer, messages } = members.get(member)!;
      const { transaction } = producers.get(producer)!;
      await transaction!.addConsumer(consumer);
      await transaction!.addOffset(messages.find((message) => message.offset === BigInt(offset) - 1n)!);
    },
    async end({ producer, commit }) {
      const { transaction } = producers.get(producer)!;
      await detailed(commit ? transaction!.commit() : transaction!.abort());
    },
    closeProducer: ({ producer }) => producers.get(producer)!.producer.close(),
    async close() {
      await admin.close();
    },
  };
}

/** Its errors for several answers say only that there were some. */
async function detailed<Result>(asked: Promise<Result>): Promise<Result> {
  return asked.catch((failure: Error & { errors?: Error[] }) => {
    const messages = [failure, ...(failure.errors ?? []), failure.cause as Error | undefined].flatMap((each) => [
      each?.message,
      ...((each as { errors?: Error[] })?.errors ?? []).map(String),
    ]);
    throw new Error(messages.filter(Boolean).join(': '));
  });
}

/** A consumer whose stream flows by itself, and what it has got. */
class Member {
  readonly consumer: Consumer;
  readonly topic: string;
  readonly mailbox = new Mailbox();
  readonly messages: Message[] = [];
  #close: () => Promise<void> = async () => {};

  constructor(consumer: Consumer, topic: string) {
    this.consumer = consumer;
    this.topic = topic;
    consumer.on('consumer:group:join', () => this.mailbox.positions.clear());
  }

  readonly assignment = (): number[] =>
    (this.consumer.assignments ?? [])
      .filter(({ topic }) => topic === this.topic)
      .flatMap(({ partitions }) => partitions)
      .sort((a, b) => a - b);

  async start(): Promise<void> {
    const modes = { mode: MessagesStreamModes.COMMITTED, fallbackMode: MessagesStreamFallbackModes.EARLIEST };
    const stream = await this.consumer.consume({ topics: [this.topic], autocommit: false, ...modes });
    stream.on('error', () => {});
    stream.on('data', (message) => {
      this.messages.push(message);
      this.mailbox.put(recordOf(message));
    });
    this.#close = async () => {
      await stream.close();
      await this.consumer.close(true);
    };
  }

  leave(): Promise<void> {
    return this.#close();
  }
}

function messageOf(topic: string, { partition, key, value, headers, timestamp }: NewRecord) {
  return {
    topic,
    partition,
    timestamp: BigInt(timestamp),
    ...(key !== null && { key: Buffer.from(key) }),
    ...(value !== null && { value: Buffer.from(value) }),
    headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
  };
}

function recordOf({ partition, offset, key, value, headerEntries, timestamp }: Message): ReadRecord {
  // What is null on the wire is null or undefined here, whatever its types say.
  const text = (bytes: Buffer | null | undefined) => bytes?.toString() ?? null;
  return {
    partition,
    offset: Number(offset),
    key: text(key),
    value: text(value),
    headers: headerEntries.map(([name, content]) => [String(name), String(content)]),
    timestamp: Number(timestamp),
  };
}
