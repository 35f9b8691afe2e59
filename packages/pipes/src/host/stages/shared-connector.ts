import type { ConnectorDefinition } from '@millrace/sdk';
import type { ConnectorStage, StageFailure } from '../../stage/stage.ts';
import { describeValue } from '../events/stored-value.ts';
import type { RunHook } from '../run-hook.ts';
import { failureOf, hookError, stageError } from './hook-failure.ts';

/** A connector that was opened, or is being opened, and everybody who uses it. */
export class SharedConnector {
  readonly definition: ConnectorDefinition;
  readonly order: 'ordered' | 'unordered';
  readonly concurrency: number;
  readonly isTransactional: boolean;
  readonly #runHook: RunHook;
  readonly #closing: AbortController;
  readonly #onGone: () => void;
  readonly #opened: Promise<unknown>;
  #users = 0;
  #running = 0;
  #waiting: (() => void)[] = [];
  /** Why nobody's call reaches it any more. */
  #broken: 'not-connected' | 'neighbour' | undefined;
  #closed: Promise<void> | undefined;

  /**
   * @param open the handshake
   * @param onGone called when it is not to be given to anybody any more, perhaps again later
   */
  constructor(
    definition: ConnectorDefinition,
    attributes: unknown,
    runHook: RunHook,
    closing: AbortController,
    open: () => Promise<unknown>,
    onGone: () => void,
  ) {
    this.definition = definition;
    this.order = checkOrder(definition.order ?? 'ordered');
    this.concurrency = this.order === 'ordered' ? 1 : checkConcurrency(definition.concurrency?.(attributes) ?? 8);
    this.isTransactional = definition.isTransactional?.(attributes) ?? false;
    this.#runHook = runHook;
    this.#closing = closing;
    this.#onGone = onGone;
    this.#opened = open();
    // Who opens it is told; without a resource there is nothing to close.
    this.#opened.catch(() => this.#onGone());
  }

  /** One user more; resolves when it is open. @throws what the handshake has thrown */
  async acquire(): Promise<void> {
    this.#users++;
    try {
      await this.#opened;
    } catch (error) {
      this.#users--;
      throw hookError(this.#hook('open'), error);
    }
  }

  /** One user less; the last one closes it. */
  async release(): Promise<void> {
    if (--this.#users > 0) return;
    this.#onGone();
    await this.#close();
  }

  /** Calls a hook, when its order allows. Once it is not connected, nobody's call reaches it. */
  async call<T>(hook: string, run: (resource: unknown) => T | Promise<T>): Promise<T> {
    const resource = await this.#opened;
    await this.#turn();
    try {
      if (this.#broken !== undefined)
        throw stageError({ cause: this.#broken, ...this.#hook(hook) }, 'the connection that it shares is lost');
      return await this.#runHook(hook, () => run(resource));
    } catch (error) {
      const failure = hookError(this.#hook(hook), error);
      this.#judge(failureOf(failure)?.cause);
      throw failure;
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
      if (this.#broken !== undefined && this.#running === 0) void this.#close().catch(() => {});
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= this.concurrency) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }

  /** After a lost connection, and a call of which nobody knows whether it ever ends, all take a new one. */
  #judge(cause: StageFailure['cause'] | undefined): void {
    if (cause !== 'not-connected' && cause !== 'timeout') return;
    this.#broken ??= cause === 'timeout' ? 'neighbour' : 'not-connected';
    this.#onGone();
  }

  #close(): Promise<void> {
    this.#closing.abort();
    this.#closed ??= this.#opened.then(
      async (resource) => {
        try {
          await this.#runHook('close', () => this.definition.close?.(resource));
        } catch (error) {
          throw hookError(this.#hook('close'), error);
        }
      },
      () => {},
    );
    return this.#closed;
  }

  #hook(hook: string) {
    return { plugin: this.definition.name, hook };
  }
}

function checkOrder(order: unknown): ConnectorStage['order'] {
  if (order === 'ordered' || order === 'unordered') return order;
  throw new TypeError(`its order is ordered or unordered, not ${describeValue(order)}`);
}

function checkConcurrency(concurrency: number): number {
  if (Number.isInteger(concurrency) && concurrency >= 1) return concurrency;
  throw new TypeError(`concurrency gave ${describeValue(concurrency)}: it gives a whole number from 1 on`);
}
