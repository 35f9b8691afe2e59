import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type ForeignClient, operations } from './foreign-client.ts';

/** How a driver is started: it gets the brokers as its last argument. */
export interface DriverCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Pending {
  resolve(result: unknown): void;
  reject(failure: Error): void;
}

/**
 * A program that drives a client of another language: it reads requests as lines of JSON, `{"id", "do", "with"}`, one after
 * the other, and answers each with `{"id", "result"}` or `{"id", "error"}`. It ends when its input ends.
 */
export class DriverProcess {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #complaints = '';

  constructor({ command, args, env }: DriverCommand, brokers: string) {
    this.#child = spawn(command, [...args, brokers], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.#child.stderr!.on('data', (data: Buffer) => (this.#complaints = (this.#complaints + data.toString()).slice(-4000)));
    this.#child.stdin!.on('error', () => {});
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#take(line));
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#complaints += String(error);
        resolve();
      });
      this.#child.once('exit', () => resolve());
    });
    void this.#exited.then(() => {
      for (const { reject } of this.#pending.values()) reject(new Error(`the driver ended:\n${this.#complaints}`));
      this.#pending.clear();
    });
  }

  /** @throws Error with the client's own words. */
  call(operation: string, what: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null) return reject(new Error(`the driver has ended:\n${this.#complaints}`));
      this.#pending.set(id, { resolve, reject });
      this.#child.stdin!.write(`${JSON.stringify({ id, do: operation, with: what })}\n`);
    });
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#exited;
    clearTimeout(timer);
  }

  #take(line: string): void {
    if (!line.startsWith('{"id"')) {
      this.#complaints += `${line}\n`;
      return;
    }
    const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new Error(error));
  }
}

/** The client of a driver, with what only this driver can do behind `call`. */
export function startDriver(command: DriverCommand, brokers: string): ForeignClient & Pick<DriverProcess, 'call'> {
  const driver = new DriverProcess(command, brokers);
  const forwarded = operations.map((operation) => [operation, (what: unknown) => driver.call(operation, what)]);
  return {
    ...(Object.fromEntries(forwarded) as Omit<ForeignClient, 'close'>),
    call: (operation, what) => driver.call(operation, what),
    close: () => driver.close(),
  };
}
