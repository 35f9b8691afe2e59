import { apis, encodeBatch } from '@millrace/kafka-protocol';
import { readCommitted, Topic } from '../topic.ts';
import { Transactor, untilEnded } from '../transactor.ts';
import type { Exchange } from './exchange.ts';

const nowMs = Date.now();
const batchOf = (...values: string[]) => encodeBatch(values.map((value) => ({ timestampMs: nowMs, value: Buffer.from(value) })));
const unknown = 'unknown';

/** What is asked of a log and of the cluster, in every version. */
export async function askAboutLogs(x: Exchange): Promise<void> {
  await produce(x);
  const topic = await filled(x);
  await fetch(x, topic);
  await offsets(x, topic);
  await metadata(x, topic);
  await deleteRecords(x);
}

/** Two records, one that was aborted, one that was committed. */
async function filled(x: Exchange): Promise<Topic> {
  const topic = await Topic.make(x.subject, {}, 2, x.name('filled'));
  await topic.produce(batchOf('a', 'b'));
  const producer = await Transactor.open(x.subject, x.name('filler'));
  await producer.write(topic, ['c'], 'abort');
  await untilEnded(x.subject, producer.transactionalId);
  await producer.write(topic, ['d'], 'commit');
  await untilEnded(x.subject, producer.transactionalId);
  return topic;
}

async function produce(x: Exchange): Promise<void> {
  const { name } = await Topic.make(x.subject, {}, 1, x.name('produced'));
  for (const version of x.versionsOf(apis.produce)) {
    const body = (records: Buffer | null, { topic = name, index = 0, acks = -1 } = {}) => ({
      transactionalId: null,
      acks,
      timeoutMs: 5000,
      topicData: [{ name: topic, partitionData: [{ index, records }] }],
    });
    const fresh = await Topic.make(x.subject, {}, 1, x.name('produced', version));
    const own = (told: { responses: { name: string }[] }) => ({
      ...told,
      responses: told.responses.map((response) => ({ ...response, name: 'topic' })),
    });
    await x.ask('a batch', apis.produce, version, body(batchOf('a', 'b'), { topic: fresh.name }), own);
    await x.ask('another, of two', apis.produce, version, body(batchOf('c'), { topic: fresh.name, acks: 1 }), own);
    const corrupt = batchOf('c');
    corrupt[corrupt.length - 1]! ^= 1;
    await x.ask('a corrupt batch', apis.produce, version, body(corrupt));
    await x.ask('no bytes', apis.produce, version, body(Buffer.alloc(0)));
    await x.ask('two batches', apis.produce, version, body(Buffer.concat([batchOf('a'), batchOf('b')])));
    await x.ask('acks of 7', apis.produce, version, body(batchOf('a'), { acks: 7 }));
    await x.ask('an unknown partition', apis.produce, version, body(batchOf('a'), { index: 9 }));
    await x.ask('an unknown topic', apis.produce, version, body(batchOf('a'), { topic: x.name(unknown) }));
    await x.ask('nothing', apis.produce, version, { transactionalId: null, acks: -1, timeoutMs: 5000, topicData: [] });
  }
}

async function fetch(x: Exchange, { name }: Topic): Promise<void> {
  for (const version of x.versionsOf(apis.fetch)) {
    const body = (fetchOffset: number, { topic = name, partition = 0, isolationLevel = 0, currentLeaderEpoch = -1 } = {}) => ({
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 1 << 20,
      isolationLevel,
      topics: [{ topic, partitions: [{ partition, fetchOffset, currentLeaderEpoch, partitionMaxBytes: 1 << 20 }] }],
    });
    await x.ask('from the start', apis.fetch, version, body(0));
    await x.ask('committed records', apis.fetch, version, body(0, { isolationLevel: readCommitted }));
    await x.ask('committed records from the middle', apis.fetch, version, body(4, { isolationLevel: readCommitted }));
    await x.ask('from within a batch', apis.fetch, version, body(1));
    await x.ask('at the end', apis.fetch, version, body(6));
    await x.ask('beyond the end', apis.fetch, version, body(7));
    await x.ask('before the start', apis.fetch, version, body(-1));
    await x.ask('an empty partition', apis.fetch, version, body(0, { partition: 1, isolationLevel: readCommitted }));
    await x.ask('an unknown partition', apis.fetch, version, body(0, { partition: 9 }));
    await x.ask('an unknown topic', apis.fetch, version, body(0, { topic: x.name(unknown) }));
    await x.ask('nothing', apis.fetch, version, { ...body(0), topics: [] });
    if (version >= 9) await x.ask('a later leader epoch', apis.fetch, version, body(0, { currentLeaderEpoch: 3 }));
    if (version >= 7) await x.ask('an unknown session', apis.fetch, version, { ...body(0), sessionId: 77, sessionEpoch: 2 });
  }
}

async function offsets(x: Exchange, { name }: Topic): Promise<void> {
  for (const version of x.versionsOf(apis.listOffsets)) {
    const body = (timestamp: number, { topic = name, partitionIndex = 0, isolationLevel = 0, currentLeaderEpoch = -1 } = {}) => ({
      replicaId: -1,
      isolationLevel,
      topics: [{ name: topic, partitions: [{ partitionIndex, timestamp, currentLeaderEpoch }] }],
    });
    await x.ask('the end', apis.listOffsets, version, body(-1));
    await x.ask('the start', apis.listOffsets, version, body(-2));
    await x.ask('a time', apis.listOffsets, version, body(nowMs - 1));
    await x.ask('a time to come', apis.listOffsets, version, body(nowMs + 3_600_000));
    await x.ask('an unknown partition', apis.listOffsets, version, body(-1, { partitionIndex: 9 }));
    await x.ask('an unknown topic', apis.listOffsets, version, body(-1, { topic: x.name(unknown) }));
    if (version >= 2) await x.ask('the stable end', apis.listOffsets, version, body(-1, { isolationLevel: readCommitted }));
    if (version >= 4) await x.ask('a later leader epoch', apis.listOffsets, version, body(-1, { currentLeaderEpoch: 3 }));
    if (version >= 7) await x.ask('the newest of none', apis.listOffsets, version, body(-3, { partitionIndex: 1 }));
    if (version >= 8) await x.ask('the local start', apis.listOffsets, version, body(-4));
    if (version >= 9) await x.ask('the end of what is elsewhere', apis.listOffsets, version, body(-5));
  }
  for (const version of x.versionsOf(apis.offsetForLeaderEpoch)) {
    const body = (leaderEpoch: number, { topic = name, partition = 0, currentLeaderEpoch = -1 } = {}) => ({
      topics: [{ topic, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }],
    });
    await x.ask('the first', apis.offsetForLeaderEpoch, version, body(0));
    await x.ask('a later one', apis.offsetForLeaderEpoch, version, body(3));
    await x.ask('of a later leader', apis.offsetForLeaderEpoch, version, body(0, { currentLeaderEpoch: 3 }));
    await x.ask('an unknown partition', apis.offsetForLeaderEpoch, version, body(0, { partition: 9 }));
  }
}

async function metadata(x: Exchange, { name }: Topic): Promise<void> {
  const { topics } = await x.subject.request(apis.metadata, 12, { topics: [{ name }], allowAutoTopicCreation: false });
  const { topicId } = topics[0]!;
  for (const version of x.versionsOf(apis.metadata)) {
    const body = (asked: { name: string | null; topicId?: string }[]) => ({ topics: asked, allowAutoTopicCreation: false });
    const where = <T extends { brokers: { host: string; port: number }[] }>(told: T) => ({
      ...told,
      brokers: told.brokers.map((node) => ({ ...node, host: node.host === x.subject.host, port: node.port === x.subject.port })),
    });
    await x.ask('a topic', apis.metadata, version, body([{ name }]), where);
    await x.ask('an unknown topic', apis.metadata, version, body([{ name: x.name(unknown) }]), where);
    await x.ask('an odd name', apis.metadata, version, body([{ name: 'a b' }]), where);
    if (version >= 1) await x.ask('no topics', apis.metadata, version, body([]), where);
    if (version >= 12) await x.ask('a topic by id', apis.metadata, version, body([{ name: null, topicId }]), where);
    if (version >= 12)
      await x.ask('no such id', apis.metadata, version, body([{ name: null, topicId: topicId.replace(/.$/, odd) }]), where);
  }
  for (const version of x.versionsOf(apis.describeCluster)) {
    const body = { includeClusterAuthorizedOperations: false, endpointType: 1 };
    await x.ask('the brokers', apis.describeCluster, version, body, ({ brokers, ...told }) => ({ ...told, brokers: brokers.length }));
  }
  for (const version of x.versionsOf(apis.describeLogDirs)) {
    const asked = [{ topic: name, partitions: [0, 1, 9] }];
    await x.ask('sizes', apis.describeLogDirs, version, { topics: asked });
    await x.ask('sizes of what is not there', apis.describeLogDirs, version, { topics: [{ topic: x.name(unknown), partitions: [0] }] });
  }
}

/** Another digit. */
const odd = (digit: string): string => (digit === '0' ? '1' : '0');

async function deleteRecords(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.deleteRecords)) {
    const topic = await Topic.make(x.subject, {}, 1, x.name('shortened', version));
    await topic.produce(batchOf('a', 'b', 'c'));
    const body = (offset: number, { name = topic.name, partitionIndex = 0 } = {}) => ({
      topics: [{ name, partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 5000,
    });
    const own = ({ topics }: { topics: { partitions: unknown }[] }) => topics.map(({ partitions }) => partitions);
    await x.ask('some', apis.deleteRecords, version, body(1), own);
    await x.ask('all', apis.deleteRecords, version, body(-1), own);
    await x.ask('beyond the end', apis.deleteRecords, version, body(9), own);
    await x.ask('an unknown partition', apis.deleteRecords, version, body(1, { partitionIndex: 9 }), own);
    await x.ask('an unknown topic', apis.deleteRecords, version, body(1, { name: x.name(unknown) }), own);
  }
}
