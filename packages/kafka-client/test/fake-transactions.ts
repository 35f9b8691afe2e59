import { type apis, encodeBatch, errorCode, type KafkaErrorName, type RequestOf } from '@millrace/kafka-protocol';
import type { FakeGroup } from './fake-group.ts';
import type { FakeLog } from './fake-log.ts';

interface Transactions {
  producerId: number;
  epoch: number;
  /** The epoch before, if this one came from ending a transaction or from a bump that the producer asked for. */
  lastEpoch: number;
  state: 'empty' | 'open' | 'committed' | 'aborted';
  readonly logs: Set<FakeLog>;
  readonly groups: Set<string>;
  /** Offsets that count once it is committed. */
  readonly offsets: Map<FakeGroup, Map<string, number>>;
}

type Named<T> = T & { readonly transactionalId: string | null; readonly producerId: number; readonly producerEpoch: number };

/** The coordinator of transactions: both protocols, told apart by the versions of the requests. */
export class FakeTransactions {
  readonly byId = new Map<string, Transactions>();
  readonly #log: (topic: string, partition: number) => FakeLog | undefined;
  readonly #group: (groupId: string) => FakeGroup;
  #producerIds = 2000;

  constructor(log: (topic: string, partition: number) => FakeLog | undefined, group: (groupId: string) => FakeGroup) {
    this.#log = log;
    this.#group = group;
  }

  init(request: RequestOf<typeof apis.initProducerId>): object {
    const id = request.transactionalId!;
    let of = this.byId.get(id);
    if (of === undefined) {
      of = {
        producerId: this.#producerIds++,
        epoch: -1,
        lastEpoch: -1,
        state: 'empty',
        logs: new Set(),
        groups: new Set(),
        offsets: new Map(),
      };
      this.byId.set(id, of);
    }
    const isKnown = request.producerId === of.producerId && (request.producerEpoch === of.epoch || request.producerEpoch === of.lastEpoch);
    if (request.producerId !== -1 && !isKnown) return { errorCode: errorCode('PRODUCER_FENCED'), producerId: -1, producerEpoch: -1 };
    if (of.state === 'open') this.#finish(of, false);
    of.lastEpoch = request.producerId === -1 ? -1 : of.epoch;
    of.epoch++;
    of.state = 'empty';
    return { errorCode: 0, producerId: of.producerId, producerEpoch: of.epoch };
  }

  /** What a broker does with a transaction that is open for too long. */
  timeOut(transactionalId: string): void {
    const of = this.byId.get(transactionalId)!;
    of.epoch++;
    of.lastEpoch = -1;
    this.#finish(of, false);
  }

  addPartitions(request: RequestOf<typeof apis.addPartitionsToTxn>): object {
    const code = this.#check(request);
    const add = (topic: string, partition: number) => {
      const log = this.#log(topic, partition);
      if (code !== 0 || log === undefined) return code || errorCode('UNKNOWN_TOPIC_OR_PARTITION');
      return this.#enroll(request, log);
    };
    return {
      resultsByTopic: request.topics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: add(name, partitionIndex) })),
      })),
    };
  }

  addGroup(request: RequestOf<typeof apis.addOffsetsToTxn>): object {
    const code = this.#check(request);
    if (code === 0) {
      const of = this.byId.get(request.transactionalId)!;
      of.state = 'open';
      of.groups.add(request.groupId);
    }
    return { errorCode: code };
  }

  commitOffsets(request: RequestOf<typeof apis.txnOffsetCommit>, version: number): object {
    let code = this.#check(request);
    const group = this.#group(request.groupId);
    if (code === 0 && version >= 5) this.addGroup(request);
    const of = this.byId.get(request.transactionalId);
    if (code === 0 && !of!.groups.has(request.groupId)) code = errorCode('INVALID_TXN_STATE');
    if (code === 0 && request.generationId !== -1) code = group.check(request.memberId, request.generationId);
    const offsets = of?.offsets.get(group) ?? new Map<string, number>();
    of?.offsets.set(group, offsets);
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, committedOffset }) => {
          if (code === 0) offsets.set(`${partitionIndex}@${name}`, committedOffset);
          return { partitionIndex, errorCode: code };
        }),
      })),
    };
  }

  /** The code with which records of a transaction are answered; the newer protocol adds the partition by itself. */
  admit(transactionalId: string | null, producerId: number, producerEpoch: number, log: FakeLog, version: number): number {
    const request = { transactionalId, producerId, producerEpoch };
    const code = this.#check(request, 'INVALID_PRODUCER_EPOCH');
    if (code !== 0) return code;
    if (version >= 12) return this.#enroll(request, log);
    const of = this.byId.get(transactionalId!)!;
    return of.state === 'open' && of.logs.has(log) ? 0 : errorCode('INVALID_TXN_STATE');
  }

  end(request: RequestOf<typeof apis.endTxn>, version: number): object {
    const answer = (name: KafkaErrorName) => ({ errorCode: errorCode(name), producerId: -1, producerEpoch: -1 });
    const of = this.byId.get(request.transactionalId);
    if (of === undefined || of.producerId !== request.producerId) return answer('INVALID_PRODUCER_ID_MAPPING');
    const raisesEpoch = version >= 5;
    const wanted = request.committed ? 'committed' : 'aborted';
    const current = { errorCode: 0, producerId: of.producerId, producerEpoch: of.epoch };
    // The same request once more.
    if (of.state === wanted && request.producerEpoch === (raisesEpoch ? of.lastEpoch : of.epoch)) return current;
    if (request.producerEpoch !== of.epoch) return answer('PRODUCER_FENCED');
    if (of.state !== 'open' && !(raisesEpoch && !request.committed)) return answer('INVALID_TXN_STATE');
    if (raisesEpoch) {
      of.lastEpoch = of.epoch;
      of.epoch++;
    }
    this.#finish(of, request.committed);
    return { ...current, producerEpoch: of.epoch };
  }

  #check({ transactionalId, producerId, producerEpoch }: Named<object>, stale: KafkaErrorName = 'PRODUCER_FENCED'): number {
    const of = this.byId.get(transactionalId ?? '');
    if (of === undefined || of.producerId !== producerId) return errorCode('INVALID_PRODUCER_ID_MAPPING');
    return of.epoch === producerEpoch ? 0 : errorCode(stale);
  }

  #enroll({ transactionalId }: Named<object>, log: FakeLog): number {
    const of = this.byId.get(transactionalId!)!;
    of.state = 'open';
    of.logs.add(log);
    return 0;
  }

  #finish(of: Transactions, committed: boolean): void {
    const key = Buffer.from([0, 0, 0, committed ? 1 : 0]);
    for (const log of of.logs) {
      const traits = { control: true, transactional: true, producerId: of.producerId, producerEpoch: of.epoch };
      log.endTransaction(of.producerId, committed, encodeBatch([{ timestampMs: 1, key, value: Buffer.alloc(6) }], traits));
    }
    if (committed)
      for (const [group, offsets] of of.offsets) for (const [partition, offset] of offsets) group.offsets.set(partition, offset);
    of.logs.clear();
    of.groups.clear();
    of.offsets.clear();
    of.state = committed ? 'committed' : 'aborted';
  }
}
