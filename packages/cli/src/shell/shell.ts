import { styleText } from 'node:util';
import type { Clock } from '@millrace/core';
import { inputState, splitStatements } from '@millrace/sql';
import type { ApiClient } from '../api/client.ts';
import { errorText } from '../output/error-text.ts';
import type { ResultObserver } from '../sql/result-observer.ts';
import { runStatement } from '../sql/run-statement.ts';
import { statementKind } from '../sql/statement-kind.ts';
import { functionHelp, helpText } from './help.ts';
import { Cancelled, type LineReader } from './line-reader.ts';
import { oneLine } from './one-line.ts';

export interface ShellOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly output: NodeJS.WriteStream;
  readonly lines: LineReader;
  readonly format: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly version: string;
}

const prompt = 'millrace> ';
/** After so long without a row a live query says that it lives. */
const quietMs = 1_000;

/** The interactive shell: reads statements to their `;`, runs them, prints answers as they come. */
export class Shell {
  readonly #options: ShellOptions;
  #format: string;
  #begun = '';

  constructor(options: ShellOptions) {
    this.#options = options;
    this.#format = options.format;
  }

  /** The lines of the statement that is being typed, without the one the cursor is on. */
  get begun(): string {
    return this.#begun;
  }

  /** Resolves when the user leaves. */
  async run(): Promise<void> {
    const { client, lines, version } = this.#options;
    this.#print(`Millrace ${version} at ${client.url}: statements end with ;, \`help\` helps, Ctrl-D leaves`);
    for (;;) {
      const typed = await lines.read(this.#begun === '' ? prompt : continuation(this.#begun));
      if (typed.kind === 'end') {
        this.#print('');
        break;
      }
      if (typed.kind === 'interrupt') this.#begun = '';
      else if (!(await this.#takeLine(typed.line))) break;
    }
    lines.close();
  }

  /** Returns false if the user wants to leave. */
  async #takeLine(line: string): Promise<boolean> {
    const command = line.trim().replace(/;$/, '').trim();
    if (this.#begun === '') {
      if (['\\q', 'exit', 'quit'].includes(command.toLowerCase())) return false;
      if (/^(help|\?|\\)/i.test(command) && (await this.#runCommand(command))) return true;
    }
    this.#begun += `${line}\n`;
    const { complete, empty, open } = inputState(this.#begun);
    if (empty && open === null) this.#begun = '';
    else if (complete) await this.#runAll();
    return true;
  }

  /** Commands of the shell itself. Returns false if it is none. */
  async #runCommand(command: string): Promise<boolean> {
    const { client, lines } = this.#options;
    const [word = '', argument, ...rest] = command.split(/\s+/);
    if (rest.length > 0) return false;
    switch (word.toLowerCase()) {
      case 'help':
      case '?':
      case '\\h':
      case '\\?':
        if (argument === undefined) this.#print(helpText);
        else await this.#reporting(async () => this.#print(await functionHelp(client, argument.replace(/\(.*/, ''))));
        break;
      case '\\format':
        if (argument !== undefined) this.#format = argument;
        this.#print(`format ${this.#format}`);
        break;
      default:
        this.#print(`unknown command ${word}: \\format, \\q and help are there`);
    }
    lines.remember(command);
    return true;
  }

  async #runAll(): Promise<void> {
    const source = this.#begun;
    this.#begun = '';
    const entry = oneLine(source);
    if (entry !== null) this.#options.lines.remember(entry);
    for (const { text } of splitStatements(source)) if (!(await this.#reporting(() => this.#runOne(text)))) return;
  }

  /** Returns false if it failed, and prints why. */
  async #reporting(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      if (!(thrown instanceof Cancelled)) this.#print(errorText(thrown, this.#options.output));
      return false;
    }
  }

  async #runOne(statement: string): Promise<void> {
    const { client, clock, output, lines, parameters } = this.#options;
    const startMs = clock.monotonic();
    let observer: ResultObserver | null = null;
    const notice = new QuietNotice(this.#options);
    try {
      await lines.lend((signal) =>
        runStatement(client, statement, {
          format: this.#format,
          parameters,
          output,
          signal,
          onAnswer: (opened) => {
            observer = opened;
            notice.expect();
          },
          onBytes: () => notice.clear(),
        }),
      );
      this.#print(this.#dim(`${summary(statement, observer)} in ${seconds(clock.monotonic() - startMs)}`));
    } catch (thrown) {
      notice.clear();
      if (thrown instanceof Cancelled) {
        const border = (observer as ResultObserver | null)?.closingBorder ?? '';
        this.#print(border === '' ? '' : `\n${border}`);
        this.#print(this.#dim(`cancelled after ${summary('SELECT', observer)} in ${seconds(clock.monotonic() - startMs)}`));
      }
      throw thrown;
    } finally {
      notice.clear();
    }
  }

  #print(line: string): void {
    this.#options.output.write(`${line}\n`);
  }

  #dim(text: string): string {
    return styleText('dim', text, { stream: this.#options.output });
  }
}

/** A line that a live query shows while it is quiet, and that its first row wipes away. */
class QuietNotice {
  readonly #options: ShellOptions;
  #timer: { cancel(): void } | null = null;
  #isShown = false;

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  expect(): void {
    const { clock, output } = this.#options;
    this.#timer = clock.setTimer(quietMs, () => {
      this.#isShown = true;
      output.write(styleText('dim', 'waiting for rows, Ctrl-C cancels', { stream: output }));
    });
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#isShown) this.#options.output.write('\r\u001b[K');
    this.#isShown = false;
  }
}

/** The prompt of further lines: says what is open. */
function continuation(begun: string): string {
  const { open } = inputState(begun);
  return `${open?.text ?? '-'}> `.padStart(prompt.length);
}

function summary(statement: string, observer: ResultObserver | null): string {
  if (!statementKind(statement).givesRows) return 'ok';
  const rows = observer?.rows ?? null;
  if (rows === null) return observer === null ? 'no answer' : 'done';
  return rows === 1 ? '1 row' : `${rows} rows`;
}

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1_000).toFixed(elapsedMs < 10_000 ? 2 : 1)} s`;
}
