import type { TopicWriter, TransferContext } from '@millrace/sdk';
import type { EventBatch } from '../../stage/event-batch.ts';
import type { ConnectorStage, TransactionWriter } from '../../stage/stage.ts';
import { BatchRows } from '../events/batch-rows.ts';
import { deleteEvent } from '../events/delete-events.ts';
import { hookError } from './hook-failure.ts';
import type { SharedConnector } from './shared-connector.ts';

/** The connector of a pipe: its share in one whose hooks run in this thread. */
export class LocalConnector implements ConnectorStage {
  readonly hook = 'transfer';
  readonly #shared: SharedConnector;
  readonly #pipe: string;
  readonly #deployment: string;
  readonly #timezone: string;
  readonly #closing: AbortController;
  readonly #signal: AbortSignal;
  #isClosed = false;

  constructor(
    shared: SharedConnector,
    pipe: string,
    { deployment, timezone }: { readonly deployment: string; readonly timezone: string },
    signal: AbortSignal,
  ) {
    this.#shared = shared;
    this.#pipe = pipe;
    this.#deployment = deployment;
    this.#timezone = timezone;
    this.#closing = new AbortController();
    this.#signal = AbortSignal.any([this.#closing.signal, signal]);
  }

  get order(): ConnectorStage['order'] {
    return this.#shared.order;
  }

  get concurrency(): number {
    return this.#shared.concurrency;
  }

  get isTransactional(): boolean {
    return this.#shared.isTransactional;
  }

  async heartbeat(): Promise<void> {
    const { definition } = this.#shared;
    if (definition.heartbeat !== undefined) await this.#shared.call('heartbeat', (resource) => definition.heartbeat!(resource));
  }

  async transfer(batch: EventBatch, attempt: number, transaction: TransactionWriter | undefined): Promise<void> {
    const { definition } = this.#shared;
    const context = this.#context(batch, attempt, transaction);
    if (batch.kind === 'rows') {
      const event = new BatchRows(batch, this.#timezone);
      await this.#shared.call('transfer', (resource) => this.#transfer(resource, event, context));
    } else if (definition.delete !== undefined) {
      await this.#shared.call('delete', (resource) => this.#delete(resource, batch, context));
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closing.abort();
    await this.#shared.release();
  }

  async #transfer(resource: unknown, event: BatchRows, context: TransferContext): Promise<void> {
    const { definition } = this.#shared;
    try {
      await definition.transfer(resource, event, context);
    } catch (error) {
      throw hookError({ plugin: definition.name, hook: 'transfer' }, error, undefined, event.rowCount);
    }
  }

  async #delete(resource: unknown, batch: EventBatch, context: TransferContext): Promise<void> {
    const { definition } = this.#shared;
    for (let row = 0; row < batch.chunk.rowCount; row++) {
      try {
        await definition.delete!(resource, deleteEvent(batch, row), context);
      } catch (error) {
        throw hookError({ plugin: definition.name, hook: 'delete' }, error, row);
      }
    }
  }

  #context({ clusters }: EventBatch, attempt: number, transaction: TransactionWriter | undefined): TransferContext {
    return Object.freeze({
      pipe: this.#pipe,
      attempt,
      clusters: Object.freeze([...clusters, this.#deployment]),
      transaction: transaction && writerOf(transaction),
      signal: this.#signal,
    });
  }
}

/** Its end is the pipe's business. */
function writerOf(transaction: TransactionWriter): TopicWriter {
  return Object.freeze<TopicWriter>({ send: (topic, records) => transaction.send(topic, records), close: async () => {} });
}
