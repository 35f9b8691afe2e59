import { dirname } from 'node:path';
import { millrace } from '../cli/millrace-process.ts';
import { execute } from './execute.ts';
import { Started } from './process.ts';
import { memoryOf } from './process-figures.ts';

/** `millrace server` in a process of its own, which can be killed, stopped, and started again on its directory. */
export class ServerProcess {
  readonly directory: string;
  readonly #flags: readonly string[];
  readonly #command: readonly string[];
  #process: Started | undefined;
  url = '';

  /**
   * @param flags beside the data directory, the HTTP port, which is a free one, and the time zone, which is UTC
   * @param command what takes such flags and prints its address as the server does
   */
  constructor(directory: string, flags: readonly string[], command: readonly string[] = [...millrace, 'server']) {
    this.directory = directory;
    this.#flags = flags;
    this.#command = command;
  }

  /** Resolves when it answers. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const [command, ...args] = this.#command;
    const flags = ['--data-dir', this.directory, '--http-port', '0', '--timezone', 'UTC', ...this.#flags];
    const options = { cwd: dirname(this.directory), env: { MILLRACE_LOG_LEVEL: 'error', ...env } };
    this.#process = new Started(command!, [...args, ...flags], options);
    this.url = (await this.#process.waitFor(/HTTP +(http:\S+)/))[1]!;
  }

  execute(sql: string): Promise<string[]> {
    return execute(this.url, sql);
  }

  /** What it has printed since it was started. */
  get output(): string {
    return this.#process!.output;
  }

  /** Writes a line to its input. */
  say(line: string): void {
    this.#process!.child.stdin!.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.child.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal);
  }

  residentMb(): number {
    return memoryOf(this.#process!.child.pid!).rssMb;
  }
}
