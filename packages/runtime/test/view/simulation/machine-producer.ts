import { asMillraceError, MillraceError } from '@millrace/core';
import type { GroupIdentity, PartitionOffset, TransactionalProducer } from '@millrace/kafka-client';
import type { RecordHeader, RecordInput } from '@millrace/kafka-protocol';
import type { ProducerEpoch } from './fake-cluster.ts';
import type { Machine } from './machine.ts';

interface Pending {
  readonly topic: string;
  readonly partition: number;
  readonly records: RecordInput[];
}

/** A transactional producer with the states and failures of the real one. */
export class MachineProducer implements TransactionalProducer {
  readonly #machine: Machine;
  readonly #epoch: ProducerEpoch;
  #state: 'idle' | 'open' | 'ending' | 'unsettled' | 'dead' | 'closed' = 'idle';
  #failure: Error | undefined;
  #pending = new Map<string, Pending>();
  #sending: Promise<void> = Promise.resolve();
  #isScheduled = false;
  #isStarted = false;

  constructor(machine: Machine, epoch: ProducerEpoch) {
    this.#machine = machine;
    this.#epoch = epoch;
  }

  get transactionalId(): string {
    return this.#epoch.transactionalId;
  }

  get inTransaction(): boolean {
    return this.#state === 'open' || this.#state === 'ending' || this.#state === 'unsettled';
  }

  begin(): void {
    if (this.#state !== 'idle') throw this.#illegal('begin');
    this.#state = 'open';
  }

  append(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = [],
  ): void | Promise<void> {
    if (this.#state !== 'open') throw this.#illegal('append');
    if (this.#failure !== undefined) throw this.#failure;
    const name = `${partition}@${topic}`;
    let pending = this.#pending.get(name);
    if (pending === undefined) this.#pending.set(name, (pending = { topic, partition, records: [] }));
    pending.records.push({ timestampMs, key: key && Buffer.from(key), value: value && Buffer.from(value), headers });
    this.#schedule();
    const { random } = this.#machine.cluster;
    if (random.below(30) === 0) return new Promise((resolve) => void this.#machine.clock.setTimer(random.below(5), resolve));
  }

  appendSpans(
    topic: string,
    partition: number,
    timestampMs: number,
    keyBytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytes: Uint8Array,
    valueStart: number,
    valueEnd: number,
    headers?: readonly RecordHeader[],
  ): void | Promise<void> {
    const key = keyStart < 0 ? null : keyBytes.subarray(keyStart, keyEnd);
    const value = valueStart < 0 ? null : valueBytes.subarray(valueStart, valueEnd);
    return this.append(topic, partition, timestampMs, key, value, headers);
  }

  async sendOffsets(groupId: string, offsets: readonly PartitionOffset[], member?: GroupIdentity): Promise<void> {
    if (this.#state !== 'open') throw this.#illegal('sendOffsets');
    if (this.#failure !== undefined) throw this.#failure;
    if (offsets.length === 0) return;
    this.#isStarted = true;
    const { memberId, generation } = member!;
    try {
      await this.#machine.request(() => this.#machine.cluster.sendOffsets(this.#epoch, groupId, offsets, { memberId, generation }));
    } catch (error) {
      this.#failure ??= error as Error;
      throw error;
    }
  }

  async commit(): Promise<void> {
    if (this.#state !== 'open') throw this.#illegal('commit');
    this.#state = 'ending';
    this.#send();
    await this.#sending;
    if (this.#failure !== undefined) {
      this.#state = 'open';
      throw this.#failure;
    }
    await this.#end('committed');
  }

  async abort(): Promise<void> {
    if (this.#state === 'idle') return;
    if (this.#state !== 'open') throw this.#illegal('abort');
    this.#state = 'ending';
    this.#pending.clear();
    await this.#sending;
    await this.#end('aborted');
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') await this.abort().catch(() => {});
    this.#state = 'closed';
    this.#pending.clear();
    await this.#sending;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#machine.clock.setTimer(0, () => {
      this.#isScheduled = false;
      this.#send();
    });
  }

  #send(): void {
    const batches = [...this.#pending.values()];
    this.#pending.clear();
    if (batches.length === 0) return;
    this.#isStarted = true;
    const send = ({ topic, partition, records }: Pending) =>
      this.#machine.request(() => this.#machine.cluster.produce(this.#epoch, topic, partition, records));
    this.#sending = this.#sending.then(async () => {
      if (this.#failure !== undefined) return;
      await Promise.all(batches.map(send)).catch((error: Error) => {
        this.#failure ??= error;
      });
    });
  }

  async #end(outcome: 'committed' | 'aborted'): Promise<void> {
    try {
      if (this.#isStarted) await this.#machine.request(() => this.#machine.cluster.endTransaction(this.#epoch, outcome));
    } catch (error) {
      this.#failure = asMillraceError(error);
      this.#state = asMillraceError(error).retryable ? 'unsettled' : 'dead';
      throw error;
    }
    this.#isStarted = false;
    this.#failure = undefined;
    this.#state = 'idle';
  }

  #illegal(call: string): Error {
    if (this.#failure !== undefined && (this.#state === 'dead' || this.#state === 'unsettled')) return this.#failure;
    return new MillraceError('INTERNAL_INVARIANT', `${call} is not legal now: the producer is ${this.#state}`);
  }
}
