import type { MessagePort } from 'node:worker_threads';
import { deserializeError, type MillraceError, type SerializedError } from '@millrace/core';
import type { StageFailure } from '../../stage/stage.ts';
import { messageOf, stageError } from '../stages/hook-failure.ts';
import type { AnswerMessage, CallMessage, StageAnswers, StageCall } from './stage-messages.ts';

/** How a stage has ended that nobody has closed: the host of plugins tells it. */
export type StageEnd = Omit<StageFailure, 'plugin'> & { readonly message: string };

interface Waiting {
  resolve(answer: never): void;
  reject(error: MillraceError): void;
}

/** A stage in the worker of its plugin, as its pipe sees it. */
export class RemoteStage {
  readonly #port: MessagePort;
  readonly #plugin: string;
  readonly #onClosed: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #ended: MillraceError | undefined;
  #replaced: MillraceError | undefined;
  #isClosed = false;

  /** @param onClosed called once, when it has let go of its port */
  constructor(port: MessagePort, plugin: string, onClosed: () => void) {
    this.#port = port;
    this.#plugin = plugin;
    this.#onClosed = onClosed;
    port.on('message', (message: AnswerMessage) => this.#onAnswer(message));
  }

  /** @throws {MillraceError} what the stage throws, or how it has ended */
  async call<C extends StageCall>(call: C, transfer: readonly ArrayBuffer[] = []): Promise<StageAnswers[C['method']]> {
    const refusal = this.#ended ?? (isWork(call) ? this.#replaced : undefined);
    if (refusal !== undefined) throw refusal;
    const message: CallMessage = { id: this.#nextId++, call };
    return new Promise<StageAnswers[C['method']]>((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      this.#port.postMessage(message, transfer);
    });
  }

  /** It is not there any more, or, where newer code has replaced it, takes nothing after what it has in hand. */
  end({ message, ...failure }: StageEnd): void {
    const error = stageError({ ...failure, plugin: this.#plugin }, message);
    if (failure.cause === 'replaced') {
      this.#replaced = error;
      return;
    }
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** Closes the stage, then the port. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      if (this.#ended === undefined) await this.call({ method: 'close' });
    } finally {
      this.letGo();
    }
  }

  /** Closes the port: the stage closes by itself. */
  letGo(): void {
    this.#isClosed = true;
    this.#port.close();
    this.#onClosed();
  }

  /**
   * Makes something of an answer. Code of users has been on the other side: an answer may be anything.
   * @throws {MillraceError} PLUGIN_FAILED if it cannot be made
   */
  take<T>(hook: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw this.#damaged(hook, error);
    }
  }

  #onAnswer(message: AnswerMessage | null | undefined): void {
    const waiting = this.#waiting.get(message?.id as number);
    if (waiting === undefined) return;
    this.#waiting.delete(message!.id);
    if ('answer' in message!) waiting.resolve(message.answer as never);
    else waiting.reject(this.#errorOf(message!));
  }

  #errorOf(message: { readonly error?: SerializedError }): MillraceError {
    try {
      return deserializeError(message.error!);
    } catch (error) {
      return this.#damaged('its worker', error);
    }
  }

  #damaged(hook: string, error: unknown): MillraceError {
    const failure = { cause: 'lost', plugin: this.#plugin, hook } as const;
    return stageError(failure, `its worker does not answer as it should: ${messageOf(error)}`, error);
  }
}

/** Calls that new events begin; the others are about those that were. */
function isWork({ method }: StageCall): boolean {
  return method === 'process' || method === 'transfer' || method === 'heartbeat' || method === 'next';
}
