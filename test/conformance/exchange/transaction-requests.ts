import { apis, encodeBatch } from '@millrace/kafka-protocol';
import { Topic } from '../topic.ts';
import { Transactor, untilEnded } from '../transactor.ts';
import type { Exchange } from './exchange.ts';

/** What transactional producers, and those who look after them, ask in every version. */
export async function askTransactions(x: Exchange): Promise<void> {
  const topic = await Topic.make(x.subject, {}, 2, x.name('transacted'));
  await identities(x);
  await partitions(x, topic);
  await groups(x, topic);
  await ends(x, topic);
  await descriptions(x);
}

async function identities(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.initProducerId)) {
    const transactionalId = x.name('claimed', version);
    const body = { transactionalId, transactionTimeoutMs: 60_000 };
    await x.ask('without an id', apis.initProducerId, version, { transactionalId: null, transactionTimeoutMs: 60_000 });
    const first = await x.ask('a new id', apis.initProducerId, version, body);
    await x.ask('a known id', apis.initProducerId, version, body);
    await x.ask('no time', apis.initProducerId, version, { ...body, transactionTimeoutMs: 0 });
    await x.ask('too much time', apis.initProducerId, version, { ...body, transactionTimeoutMs: 900_001 });
    await x.ask('an empty id', apis.initProducerId, version, { ...body, transactionalId: '' });
    if (version >= 3) {
      const { producerId } = first;
      await x.ask('the newest', apis.initProducerId, version, { ...body, producerId, producerEpoch: 1 });
      await x.ask('the newest but one', apis.initProducerId, version, { ...body, producerId, producerEpoch: 1 });
      await x.ask('an old one', apis.initProducerId, version, { ...body, producerId, producerEpoch: 0 });
      await x.ask('an unknown one', apis.initProducerId, version, { ...body, producerId: producerId + 1_000_000, producerEpoch: 0 });
      await x.ask('half an identity', apis.initProducerId, version, { ...body, producerId, producerEpoch: -1 });
    }
  }
}

async function partitions(x: Exchange, topic: Topic): Promise<void> {
  for (const version of x.versionsOf(apis.addPartitionsToTxn)) {
    const producer = await Transactor.open(x.subject, x.name('adding', version));
    const body = (indexes: number[], name = topic.name) => ({ ...producer.identity, topics: [{ name, partitions: indexes }] });
    await x.ask('two', apis.addPartitionsToTxn, version, body([0, 1]));
    await x.ask('again', apis.addPartitionsToTxn, version, body([0]));
    await x.ask('an unknown partition', apis.addPartitionsToTxn, version, body([0, 9]));
    await x.ask('an unknown topic', apis.addPartitionsToTxn, version, body([0], x.name('unknown')));
    await x.ask('an old epoch', apis.addPartitionsToTxn, version, { ...body([0]), producerEpoch: 9 });
    await x.ask('another producer', apis.addPartitionsToTxn, version, { ...body([0]), producerId: producer.producerId + 1_000_000 });
    await x.ask('an unknown id', apis.addPartitionsToTxn, version, { ...body([0]), transactionalId: x.name('nobody') });
    await producer.end('abort');
    await untilEnded(x.subject, producer.transactionalId);
  }
  for (const version of x.versionsOf(apis.produce)) {
    const producer = await Transactor.open(x.subject, x.name('writing', version));
    await producer.add(topic, [0]);
    const batch = (changes: object) => {
      const { producerId, producerEpoch } = producer;
      return encodeBatch([{ timestampMs: Date.now() }], { producerId, producerEpoch, baseSequence: 0, transactional: true, ...changes });
    };
    const send = async (what: string, records: Buffer, { index = 0, transactionalId = producer.transactionalId as string | null } = {}) => {
      const topicData = [{ name: topic.name, partitionData: [{ index, records }] }];
      const own = ({ responses }: { responses: { partitionResponses: { errorCode: number }[] }[] }) =>
        responses.map(({ partitionResponses }) => partitionResponses.map(({ errorCode }) => errorCode));
      await x.ask(what, apis.produce, version, { transactionalId, acks: -1, timeoutMs: 5000, topicData }, own);
    };
    await send('in a transaction', batch({}));
    await send('in a transaction, again', batch({}));
    await send('in a transaction, with a gap', batch({ baseSequence: 5 }));
    await send('in a transaction, of a later epoch', batch({ producerEpoch: 7 }));
    if (version < 12) await send('in a transaction, to a partition that is not in it', batch({}), { index: 1 });
    await send('in a transaction, without its id', batch({ baseSequence: 1 }), { transactionalId: null });
    await producer.end('abort');
    await untilEnded(x.subject, producer.transactionalId);
  }
}

async function groups(x: Exchange, topic: Topic): Promise<void> {
  for (const version of x.versionsOf(apis.addOffsetsToTxn)) {
    const producer = await Transactor.open(x.subject, x.name('announcing', version));
    const body = { ...producer.identity, groupId: x.name('announced') };
    await x.ask('a group', apis.addOffsetsToTxn, version, body);
    await x.ask('a group, again', apis.addOffsetsToTxn, version, body);
    await x.ask('an old epoch', apis.addOffsetsToTxn, version, { ...body, producerEpoch: 9 });
    await x.ask('another producer', apis.addOffsetsToTxn, version, { ...body, producerId: producer.producerId + 1_000_000 });
    await x.ask('an unknown id', apis.addOffsetsToTxn, version, { ...body, transactionalId: x.name('nobody') });
    await producer.end('abort');
    await untilEnded(x.subject, producer.transactionalId);
  }
  for (const version of x.versionsOf(apis.txnOffsetCommit)) {
    const producer = await Transactor.open(x.subject, x.name('committing', version));
    const groupId = x.name('transacted', version);
    await producer.addGroup(groupId);
    const body = (name = topic.name, committedMetadata: string | null = null) => ({
      ...producer.identity,
      groupId,
      topics: [{ name, partitions: [{ partitionIndex: 0, committedOffset: 3, committedMetadata }] }],
    });
    if (version >= 3)
      await x.ask('of a group that is not there', apis.txnOffsetCommit, version, { ...body(), memberId: 'who', generationId: 3 });
    await x.ask('one', apis.txnOffsetCommit, version, body());
    await x.ask('of an unknown topic', apis.txnOffsetCommit, version, body(x.name('unknown')));
    await x.ask('with much to say', apis.txnOffsetCommit, version, body(topic.name, 'x'.repeat(5000)));
    await x.ask('an old epoch', apis.txnOffsetCommit, version, { ...body(), producerEpoch: 9 });
    await producer.end('abort');
    await untilEnded(x.subject, producer.transactionalId);
  }
}

async function ends(x: Exchange, topic: Topic): Promise<void> {
  for (const version of x.versionsOf(apis.endTxn)) {
    const producer = await Transactor.open(x.subject, x.name('ending', version));
    const body = (committed: boolean) => ({ ...producer.identity, committed });
    await x.ask('a commit of nothing', apis.endTxn, version, body(true));
    await producer.add(topic);
    await x.ask('another producer', apis.endTxn, version, { ...body(true), producerId: producer.producerId + 1_000_000 });
    await x.ask('a later epoch', apis.endTxn, version, { ...body(true), producerEpoch: 9 });
    await x.ask('an unknown id', apis.endTxn, version, { ...body(true), transactionalId: x.name('nobody') });
    await x.ask('a commit', apis.endTxn, version, body(true));
    await untilEnded(x.subject, producer.transactionalId);
    await x.ask('a commit, again', apis.endTxn, version, body(true));
    await x.ask('an abort after the commit', apis.endTxn, version, body(false));
  }
}

async function descriptions(x: Exchange): Promise<void> {
  const topic = await Topic.make(x.subject, {}, 1, x.name('observed'));
  const producer = await Transactor.open(x.subject, x.name('observed'));
  const { transactionalId, producerId } = producer;
  await producer.add(topic);
  await producer.send(topic, ['a', 'b']);
  for (const version of x.versionsOf(apis.describeTransactions)) {
    await x.ask('an open one', apis.describeTransactions, version, { transactionalIds: [transactionalId] });
    await x.ask('an unknown one', apis.describeTransactions, version, { transactionalIds: [x.name('nobody')] });
  }
  for (const version of x.versionsOf(apis.listTransactions)) {
    const own = ({ transactionStates, ...told }: { transactionStates: { transactionalId: string }[] }) => ({
      ...told,
      transactionStates: transactionStates.filter((state) => state.transactionalId === transactionalId),
    });
    const filters = { stateFilters: [] as string[], producerIdFilters: [] as number[] };
    await x.ask('all', apis.listTransactions, version, filters, own);
    await x.ask('of a state', apis.listTransactions, version, { ...filters, stateFilters: ['Ongoing', 'Odd'] }, own);
    await x.ask('of another state', apis.listTransactions, version, { ...filters, stateFilters: ['Empty'] }, own);
    await x.ask('of a producer', apis.listTransactions, version, { ...filters, producerIdFilters: [producerId] }, own);
    if (version >= 1) await x.ask('long ones', apis.listTransactions, version, { ...filters, durationFilter: 3_600_000 }, own);
  }
  for (const version of x.versionsOf(apis.describeProducers)) {
    const ask = (what: string, name: string, index = 0) =>
      x.ask(what, apis.describeProducers, version, { topics: [{ name, partitionIndexes: [index] }] });
    await ask('with an open transaction', topic.name);
    await ask('of an unknown partition', topic.name, 9);
    await ask('of an unknown topic', x.name('unknown'));
  }
  await producer.end('commit');
  await untilEnded(x.subject, transactionalId);
  for (const version of x.versionsOf(apis.describeTransactions)) {
    await x.ask('a committed one', apis.describeTransactions, version, { transactionalIds: [transactionalId] });
  }
  for (const version of x.versionsOf(apis.describeProducers)) {
    const body = { topics: [{ name: topic.name, partitionIndexes: [0] }] };
    await x.ask('after a transaction', apis.describeProducers, version, body);
  }
}
