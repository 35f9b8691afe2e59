import type { EventBatch } from '../../stage/event-batch.ts';
import type { ConnectorStage } from '../../stage/stage.ts';
import { BatchPacker } from './pack-batch.ts';
import type { RemoteStage } from './remote-stage.ts';

/** A connector in the worker of its plugin. It never writes in the pipe's transaction: that lives in another thread. */
export class RemoteConnector implements ConnectorStage {
  readonly order: ConnectorStage['order'];
  readonly concurrency: number;
  readonly isTransactional = false;
  readonly #remote: RemoteStage;
  readonly #packer = new BatchPacker();

  /** @param answer what opening it has answered @throws {MillraceError} PLUGIN_FAILED if it is no such answer */
  constructor(remote: RemoteStage, answer: Pick<ConnectorStage, 'order' | 'concurrency'>) {
    this.#remote = remote;
    this.order = remote.take('open', () => (answer.order === 'unordered' ? 'unordered' : 'ordered'));
    this.concurrency = remote.take('open', () => Math.max(1, Math.floor(Number(answer.concurrency)) || 1));
  }

  async heartbeat(): Promise<void> {
    await this.#remote.call({ method: 'heartbeat' });
  }

  async transfer(batch: EventBatch, attempt: number): Promise<void> {
    const packed = this.#packer.pack(batch);
    await this.#remote.call({ method: 'transfer', batch: packed, attempt }, [packed.buffer]);
  }

  close(): Promise<void> {
    return this.#remote.close();
  }
}
