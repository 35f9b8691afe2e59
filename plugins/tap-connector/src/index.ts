import { type FileHandle, open } from 'node:fs/promises';
import { type AttributeValues, a, defineConnector, Logger, Metrics, type RowsEvent } from '@millrace/sdk';

const shape = {
  to: a
    .choice('log', 'stdout', 'file', 'none')
    .describe("where to print: the server's log, its standard output, `file`, or nowhere, only to count")
    .default('log'),
  file: a.string().describe("with 'to'='file': what to append to").example('/tmp/tap.txt').optional(),
  format: a
    .choice('json', 'origin', 'text')
    .describe('each row as JSON; JSON behind its topic, partition and offset; or name=value')
    .default('json'),
  limit: a.integer({ min: 0 }).describe('rows to print; those that follow are counted only').optional(),
};
type Attributes = AttributeValues<typeof shape>;

/** Prints one line. */
type Print = (lines: readonly string[]) => void | Promise<void>;

interface Tap {
  readonly print: Print;
  readonly format: Attributes['format'];
  readonly metrics: Metrics;
  readonly file: FileHandle | undefined;
  left: number;
}

export default defineConnector({
  name: 'tap-connector',
  summary: 'Prints rows and counts them, to see what flows through a pipe.',
  attributes: a
    .object(shape)
    .check(({ to, file }) => ((to === 'file') === (file === undefined) ? ["'to'='file' and 'file' go together"] : [])),
  inject: { logger: Logger, metrics: Metrics },
  async open({ attributes: { to, file: path, format, limit = Number.POSITIVE_INFINITY }, logger, metrics }): Promise<Tap> {
    const file = path === undefined ? undefined : await open(path, 'a');
    return { print: printer(to, file, logger), format, metrics, file, left: limit };
  },
  async transfer(tap, event) {
    const count = Math.min(tap.left, event.rowCount);
    if (count > 0) await tap.print(Array.from({ length: count }, (_, row) => lineOf(event, row, tap.format)));
    tap.left -= count;
    tap.metrics.count('rows', event.rowCount);
  },
  async delete(tap, { stream, key, origin: { topic, partition, offset } }) {
    if (tap.left > 0) {
      const name = key === null ? 'no key' : JSON.stringify(Buffer.from(key).toString());
      await tap.print([`${tap.format === 'origin' ? `${topic}/${partition}/${offset} ` : ''}deleted from ${stream}: ${name}`]);
      tap.left -= 1;
    }
    tap.metrics.count('deletions');
  },
  async close({ file }) {
    await file?.close();
  },
});

function printer(to: Attributes['to'], file: FileHandle | undefined, logger: Logger): Print {
  switch (to) {
    case 'log':
      return (lines) => {
        for (const line of lines) logger.info({}, line);
      };
    case 'stdout':
      return (lines) => void process.stdout.write(textOf(lines));
    case 'file':
      return async (lines) => file!.appendFile(textOf(lines));
    case 'none':
      return () => {};
  }
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function lineOf(event: RowsEvent, row: number, format: Attributes['format']): string {
  const json = event.json(row);
  if (format === 'json') return json;
  if (format === 'text')
    return Object.entries(JSON.parse(json))
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(' ');
  const { topic, partition, offset } = event.origin(row);
  return `${topic}/${partition}/${offset} ${json}`;
}
