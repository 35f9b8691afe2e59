import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openTestServer, type TestServer } from '../harness/server.ts';
import { HttpTarget } from './http-target.ts';

const columns = [
  'ID',
  'CreationTime',
  'State',
  'PipeExtractor',
  'PipeProcessor',
  'PipeConnector',
  'ExceptionMessage',
  'RemainingEventCount',
  'EstimatedRemainingSeconds',
] as const;

/** A row of SHOW PIPES. */
export type ShownPipe = Readonly<Record<(typeof columns)[number], string>>;

/** A server with pipes, and a place to deliver to. Names are told apart by a prefix, so that tests may share brokers. */
export interface PipeWorld extends TestServer {
  /** For files of tests. */
  readonly directory: string;
  readonly target: HttpTarget;
  pipes(condition?: string): Promise<ShownPipe[]>;
  pipe(name: string): Promise<ShownPipe>;
  /** Resolves when it is so, looking again and again. @throws Error with how it is if that does not come */
  untilPipe(name: string, isSo: (pipe: ShownPipe) => boolean): Promise<ShownPipe>;
  /** Resolves when everything that is in the streams of a running pipe is delivered. */
  untilDelivered(name: string): Promise<void>;
  /** Inserts rows `(k, v)`, each as a request of its own record batch. */
  insert(stream: string, ...values: readonly number[]): Promise<void>;
  /** The text of the error that a statement ends with. */
  errorOf(sql: string): Promise<string>;
}

const untilMs = 20_000;
const pollMs = 25;

export async function openPipeWorld(given: Readonly<Record<string, unknown>> = {}, brokers?: string): Promise<PipeWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-pipes-'));
  const target = await HttpTarget.open();
  const server = await openTestServer(brokers, { pipe_plugin_timeout: '10s', ...given });
  const pipes = async (condition = '') => (await server.execute(`SHOW PIPES ${condition}`)).map(shownPipe);
  const pipe = async (name: string) => shownPipe((await server.execute(`SHOW PIPE "${name}"`))[0]!);
  const untilPipe = async (name: string, isSo: (shown: ShownPipe) => boolean) => {
    const deadlineMs = performance.now() + untilMs;
    for (;;) {
      const shown = await pipe(name);
      if (isSo(shown)) return shown;
      if (performance.now() > deadlineMs) throw new Error(`it does not come to that: ${JSON.stringify(shown)}`);
      await pause(pollMs);
    }
  };
  return {
    ...server,
    directory,
    target,
    pipes,
    pipe,
    untilPipe,
    untilDelivered: async (name) => {
      await untilPipe(name, ({ RemainingEventCount }) => RemainingEventCount === '0');
    },
    insert: async (stream, ...values) => {
      await server.execute(`INSERT INTO ${stream} (k, v) VALUES ${values.map((value) => `('k', ${value})`).join(', ')}`);
    },
    errorOf: async (sql) => {
      const answer = await server.execute(sql).catch((error: Error) => error);
      if (answer instanceof Error) return answer.message;
      throw new Error(`${sql} succeeds`);
    },
    close: async () => {
      await server.close();
      await target.goAway();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function shownPipe(row: string): ShownPipe {
  const values = row.split('\t');
  return Object.fromEntries(columns.map((column, i) => [column, values[i] ?? ''])) as ShownPipe;
}

/** A name that no other test has, for streams of all of them are topics of the same brokers; and none is the beginning of another, as patterns are. */
let count = 0;
export function freshName(what = 's'): string {
  return `${what}_${process.pid}_${++count}_`;
}
