import { types } from 'node:util';
import { createContext, Script } from 'node:vm';
import { BadRecord, type KeyedState, type Row, type RowsEvent } from '@millrace/sdk';
import { plainRows } from './plain-row.ts';
import { prelude } from './sandbox.ts';

interface Batch {
  readonly rows: readonly Row[];
  readonly keys: readonly (string | null)[];
  readonly times: readonly number[];
  readonly stream: string;
  readonly state: { get(key: string): string | undefined; set(key: string, text: string): void; delete(key: string): void };
  readonly results: unknown[];
  at: number;
}

/** What a program makes of an event. */
export interface Made {
  readonly rows: readonly Row[];
  /** Of each row: the one of the event that it comes from. */
  readonly sources: readonly number[];
}

/**
 * JavaScript in a context of its own: no modules, no network, no files, no timers, only the language. That keeps mistakes in, not malice:
 * whoever may create a pipe is trusted with code.
 */
export class Program {
  /** The one name that programs see and did not make. */
  readonly #globals: { $millrace: { batch?: Batch } };
  readonly #timeoutMs: number;
  readonly #run: Script;

  private constructor(source: string, filename: string, timeoutMs: number) {
    this.#globals = { $millrace: {} };
    this.#timeoutMs = timeoutMs;
    // Promises are done within the time, too.
    createContext(this.#globals, { name: 'js-processor', microtaskMode: 'afterEvaluate' });
    this.#evaluate(new Script(source, { filename, lineOffset: -1 }));
    this.#evaluate(new Script(`$millrace.run = (${prelude})($millrace.transform);`, { filename: 'js-processor' }));
    this.#run = new Script('$millrace.run($millrace.batch)', { filename: 'js-processor' });
  }

  /** @throws {SyntaxError} */
  static ofExpression(expression: string, timeoutMs: number): Program {
    return new Program(`$millrace.transform = (row, { key, time, stream, state }) => (\n${expression}\n);`, 'expression', timeoutMs);
  }

  /** @param text a script that sets `module.exports` to a function `(row, { key, time, stream, state })`. @throws {Error} */
  static ofModule(text: string, filename: string, timeoutMs: number): Program {
    const source = `var module = { exports: undefined };\n${text}\n;$millrace.transform = module.exports;
if (typeof module.exports !== 'function') throw new TypeError('module.exports is no function');`;
    return new Program(source, filename, timeoutMs);
  }

  /** @throws {BadRecord} with the row that it fails at */
  run(event: RowsEvent, state: KeyedState): Made {
    const indexes = [...Array(event.rowCount).keys()];
    const batch: Batch = {
      rows: event.rows,
      keys: indexes.map((row) => keyText(event.key(row))),
      times: indexes.map((row) => event.time(row)),
      stream: event.stream,
      state: stateAsText(state),
      results: [],
      at: 0,
    };
    try {
      this.#globals.$millrace.batch = batch;
      this.#evaluate(this.#run);
    } catch (cause) {
      throw new BadRecord(Math.min(batch.at, event.rowCount - 1), messageOf(cause), { cause });
    } finally {
      for (const result of batch.results) if (types.isPromise(result)) leaveAlone(result);
      delete this.#globals.$millrace.batch;
    }
    return gather(batch.results, event);
  }

  #evaluate(script: Script): void {
    try {
      script.runInContext(this.#globals, { timeout: this.#timeoutMs });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException)?.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
      throw new Error(`it has not come to an end within ${this.#timeoutMs} ms`, { cause });
    }
  }
}

/** It is refused as a row; that it also fails must not end the thread. */
function leaveAlone(promise: Promise<unknown>): void {
  try {
    void Promise.prototype.then.call(promise, undefined, () => {});
  } catch {
    // What its context has made of promises is its own affair.
  }
}

function gather(results: readonly unknown[], event: RowsEvent): Made {
  const rows: Row[] = [];
  const sources: number[] = [];
  for (const [source, result] of results.entries()) {
    for (const row of result === true ? [event.row(source)] : rowsOf(result, source)) {
      rows.push(row);
      sources.push(source);
    }
  }
  return { rows, sources };
}

function rowsOf(result: unknown, source: number): Row[] {
  try {
    return plainRows(result);
  } catch (cause) {
    throw new BadRecord(source, messageOf(cause), { cause });
  }
}

function keyText(key: Uint8Array | null): string | null {
  return key === null ? null : Buffer.from(key).toString();
}

function stateAsText(state: KeyedState): Batch['state'] {
  return {
    get(key) {
      const value = state.get(key);
      return value === undefined ? undefined : JSON.stringify(value);
    },
    set: (key, text) => state.set(key, JSON.parse(text)),
    delete: (key) => state.delete(key),
  };
}

/** What is thrown in a context is no Error of ours, and need not be one at all. */
function messageOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return `${thrown} was thrown`;
  const { name, message } = thrown as Partial<Error>;
  return name === undefined || name === 'Error' ? String(message) : `${name}: ${message}`;
}
