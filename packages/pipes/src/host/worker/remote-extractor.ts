import type { Json } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import type { ExtractorStage } from '../../stage/stage.ts';
import type { RemoteStage } from './remote-stage.ts';
import { BatchUnpacker } from './unpack-batch.ts';

/** A source of its own in the worker of its plugin. */
export class RemoteExtractor implements ExtractorStage {
  readonly #remote: RemoteStage;
  readonly #unpacker = new BatchUnpacker();

  constructor(remote: RemoteStage) {
    this.#remote = remote;
  }

  async next(): Promise<{ readonly batch: EventBatch; readonly position: Json } | null> {
    const given = await this.#remote.call({ method: 'next' });
    return this.#remote.take('next', () => given && { batch: this.#unpacker.unpack(given.batch), position: given.position });
  }

  close(): Promise<void> {
    return this.#remote.close();
  }
}
