import type { MessagePort } from 'node:worker_threads';
import { assert, MillraceError, serializeError } from '@millrace/core';
import type { EventBatch } from '../../stage/event-batch.ts';
import type { ConnectorStage, ExtractorStage, ProcessorStage, StageRequest } from '../../stage/stage.ts';
import { pickedRows } from '../events/pick-rows.ts';
import type { LocalStages } from '../local-stages.ts';
import type { HookWatch } from './hook-watch.ts';
import { BatchPacker } from './pack-batch.ts';
import type { AnswerMessage, CallMessage, ProcessedPart, StageAnswers, StageCall } from './stage-messages.ts';
import { BatchUnpacker } from './unpack-batch.ts';

/** The stage, once it is open: one of them. */
interface Opened {
  readonly processor?: ProcessorStage;
  readonly connector?: ConnectorStage;
  readonly extractor?: ExtractorStage;
}

/** In the worker of a plugin: one stage of a pipe that runs elsewhere, called over a port. When the port closes, so does the stage. */
export class StageServer {
  readonly #port: MessagePort;
  readonly #number: number;
  readonly #stages: LocalStages;
  readonly #watch: HookWatch;
  readonly #packer = new BatchPacker();
  readonly #unpacker = new BatchUnpacker();
  readonly #gone = new AbortController();
  #opened: Opened = {};

  /** @param onClosed called once, when nothing of the stage is left */
  constructor(number: number, port: MessagePort, stages: LocalStages, watch: HookWatch, onClosed: () => void) {
    this.#number = number;
    this.#port = port;
    this.#stages = stages;
    this.#watch = watch;
    port.on('message', (message: CallMessage) => void this.#serve(message));
    port.on('close', () => {
      this.#gone.abort(new MillraceError('QUERY_CANCELLED', 'the pipe has gone away'));
      void watch.forStage(number, () => this.#close().catch(() => {})).finally(onClosed);
    });
  }

  async #serve({ id, call }: CallMessage): Promise<void> {
    try {
      const { answer, transfer } = await this.#watch.forStage(this.#number, () => this.#answer(call));
      this.#tell({ id, answer }, transfer);
    } catch (error) {
      this.#tell({ id, error: serializeError(error) });
    }
  }

  #tell(message: AnswerMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  async #answer(call: StageCall): Promise<{ readonly answer: StageAnswers[keyof StageAnswers]; readonly transfer?: ArrayBuffer[] }> {
    switch (call.method) {
      case 'openProcessor':
        this.#opened = { processor: await this.#stages.openProcessor(call.request, this.#gone.signal) };
        return { answer: null };
      case 'openConnector':
        return { answer: await this.#openConnector(call.request) };
      case 'openExtractor':
        this.#opened = { extractor: await this.#stages.openExtractor(call.request, call.position, this.#gone.signal) };
        return { answer: null };
      case 'select':
        return { answer: await this.#stages.select(call.request) };
      case 'check':
        await this.#stages.check(call.request);
        return { answer: null };
      case 'process':
        return this.#process(this.#unpacker.unpack(call.batch), call.attempt);
      case 'transfer':
        await opened(this.#opened.connector).transfer(this.#unpacker.unpack(call.batch), call.attempt, undefined);
        return { answer: null };
      case 'restore':
        await opened(this.#opened.processor).restore(call.topic, call.partition, call.state);
        return { answer: null };
      case 'rollBack':
        await opened(this.#opened.processor).rollBack();
        return { answer: null };
      case 'heartbeat':
        await opened(this.#opened.connector).heartbeat();
        return { answer: null };
      case 'next':
        return this.#next();
      case 'close':
        await this.#close();
        return { answer: null };
    }
  }

  async #openConnector(request: StageRequest): Promise<StageAnswers['openConnector']> {
    const stage = await this.#stages.openConnector(request, this.#gone.signal);
    this.#opened = { connector: stage };
    const { order, concurrency, isTransactional } = stage;
    if (!isTransactional) return { order, concurrency };
    throw new MillraceError(
      'PLUGIN_INVALID',
      `the plugin ${request.plugin.name} wants to write in the pipe's transaction: only built-in ones can`,
    );
  }

  async #process(batch: EventBatch, attempt: number) {
    const { batches, stateChanges } = await opened(this.#opened.processor).process(batch, attempt);
    const transfer: ArrayBuffer[] = [];
    const parts = batches.map((made) => this.#part(made, batch, transfer));
    return { answer: { parts, stateChanges }, transfer };
  }

  #part(made: EventBatch, from: EventBatch, transfer: ArrayBuffer[]): ProcessedPart {
    if (made === from) return { kind: 'same' };
    const rows = pickedRows(made, from);
    if (rows !== undefined) return { kind: 'picked', rows };
    const batch = this.#packer.pack(made, from);
    transfer.push(batch.buffer);
    return { kind: 'made', batch };
  }

  async #next() {
    const given = await opened(this.#opened.extractor).next();
    if (given === null) return { answer: null };
    const batch = this.#packer.pack(given.batch);
    return { answer: { batch, position: given.position }, transfer: [batch.buffer] };
  }

  async #close(): Promise<void> {
    const { processor, connector, extractor } = this.#opened;
    this.#opened = {};
    await (processor ?? connector ?? extractor)?.close();
  }
}

function opened<T>(stage: T | undefined): T {
  assert(stage !== undefined, 'a stage is asked for what it is not open for');
  return stage;
}
