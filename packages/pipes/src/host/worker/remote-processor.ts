import type { Json } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import type { Processed, ProcessorStage } from '../../stage/stage.ts';
import { pickRows } from '../events/pick-rows.ts';
import { BatchPacker } from './pack-batch.ts';
import type { RemoteStage } from './remote-stage.ts';
import type { ProcessedPart } from './stage-messages.ts';
import { BatchUnpacker } from './unpack-batch.ts';

/** A processor in the worker of its plugin. */
export class RemoteProcessor implements ProcessorStage {
  readonly #remote: RemoteStage;
  readonly #packer = new BatchPacker();
  readonly #unpacker = new BatchUnpacker();

  constructor(remote: RemoteStage) {
    this.#remote = remote;
  }

  async process(batch: EventBatch, attempt: number): Promise<Processed> {
    const packed = this.#packer.pack(batch);
    const answer = await this.#remote.call({ method: 'process', batch: packed, attempt }, [packed.buffer]);
    return this.#remote.take('process', () => {
      const { parts, stateChanges } = answer;
      if (!(stateChanges instanceof Map)) throw new TypeError('changes of its state are missing');
      return { batches: parts.map((part) => this.#batch(part, batch)), stateChanges };
    });
  }

  async restore(topic: string, partition: number, state: ReadonlyMap<string, Json>): Promise<void> {
    await this.#remote.call({ method: 'restore', topic, partition, state });
  }

  async rollBack(): Promise<void> {
    await this.#remote.call({ method: 'rollBack' });
  }

  close(): Promise<void> {
    return this.#remote.close();
  }

  #batch(part: ProcessedPart, from: EventBatch): EventBatch {
    switch (part.kind) {
      case 'same':
        return from;
      case 'picked':
        return pickRows(from, checkRows(part.rows, from.chunk.rowCount));
      case 'made':
        return this.#unpacker.unpack(part.batch, from);
    }
  }
}

/** Rows that are there, in their order. */
function checkRows(rows: Int32Array, rowCount: number): Int32Array {
  const isLegal = rows.every((row, i) => row >= (i === 0 ? 0 : rows[i - 1]!) && row < rowCount);
  if (!isLegal) throw new RangeError('the worker of the plugin names rows that are not there');
  return rows;
}
