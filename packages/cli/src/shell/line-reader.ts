import { createInterface, type Interface } from 'node:readline';
import type { History } from './history.ts';

export interface LineReaderOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly history: History;
  /** Given what stands before the cursor on this line: `[candidates, the piece that they complete]`. */
  complete(line: string): Promise<[string[], string]>;
}

/** What came from the keyboard: a line, Ctrl-C (with or without something typed), or Ctrl-D. */
export type Typed = { readonly kind: 'line'; readonly line: string } | { readonly kind: 'interrupt' } | { readonly kind: 'end' };

/**
 * Reads lines with editing, history and completion. While a query runs the terminal is as the shell of the system has it, so that
 * Ctrl-C is a signal and what is typed ahead waits.
 */
export class LineReader {
  readonly #readline: Interface;
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;
  readonly #history: History;
  readonly #typed: Typed[] = [];
  #waiting: ((typed: Typed) => void) | null = null;
  #remembered: string[] | null = null;

  constructor({ input, output, history, complete }: LineReaderOptions) {
    this.#input = input;
    this.#output = output;
    this.#history = history;
    this.#readline = createInterface({
      input,
      output,
      terminal: true,
      history: [...history.entries],
      historySize: 1_000,
      completer: (line: string, answer: (error: Error | null, result: [string[], string]) => void) => {
        complete(line).then(
          (result) => answer(null, result),
          () => answer(null, [[], line]),
        );
      },
    });
    this.#readline.on('line', (line) => this.#take({ kind: 'line', line }));
    this.#readline.on('close', () => this.#take({ kind: 'end' }));
    this.#readline.on('SIGINT', () => this.#interrupt());
    this.#readline.on('history', (entries) => {
      this.#remembered = entries;
    });
  }

  /** The next thing that is typed behind this prompt. */
  async read(prompt: string): Promise<Typed> {
    this.#readline.setPrompt(prompt);
    const early = this.#typed.shift();
    if (early !== undefined) return early;
    this.#readline.prompt();
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Puts a whole statement into the history in place of its lines. */
  remember(statement: string): void {
    this.#history.add(statement);
    this.#remembered?.splice(0, this.#remembered.length, ...this.#history.entries);
  }

  /** Lends the terminal out while `work` runs; Ctrl-C aborts the signal that it is given. */
  async lend<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const onInterrupt = () => abort.abort(new Cancelled());
    process.on('SIGINT', onInterrupt);
    this.#readline.pause();
    this.#input.setRawMode(false);
    try {
      return await work(abort.signal);
    } finally {
      this.#input.setRawMode(true);
      this.#readline.resume();
      process.off('SIGINT', onInterrupt);
    }
  }

  close(): void {
    this.#readline.close();
  }

  #take(typed: Typed): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#typed.push(typed);
    else waiting(typed);
  }

  /** Leaves what is typed on the screen, and begins anew below it. */
  #interrupt(): void {
    this.#output.write('^C\n');
    Object.assign(this.#readline, { line: '', cursor: 0, prevRows: 0 });
    this.#take({ kind: 'interrupt' });
  }
}

/** The user pressed Ctrl-C while a query ran. */
export class Cancelled extends Error {}
