import { dirname } from 'node:path';
import { a, defineConnector, Retryable, type RowsEvent } from '@millrace/sdk';
import { csv } from './csv.ts';
import { type Disk, realDisk } from './disk.ts';
import { type FileRows, FileSet } from './file-set.ts';
import type { LineFormat } from './line-format.ts';
import { ndjson } from './ndjson.ts';
import { expandPath, templateProblems } from './path-template.ts';

const attributes = a
  .object({
    path: a
      .string()
      .describe(
        "file to append to; {date} and {hour} are those of the row's event time (UTC), {stream} and {partition} where it comes from",
      )
      .example('/var/lib/out/{stream}/{date}.ndjson'),
    format: a.choice('ndjson', 'csv').describe('a line of JSON for each row, or values with commas between them').default('ndjson'),
    'csv.header': a.boolean().describe('whether files of CSV begin with the names of the columns').default('true'),
    fsync: a.boolean().describe('wait until rows survive a loss of power before they count as delivered').default('true'),
    'rotate.size': a
      .size({ min: 1 })
      .describe('a file that would grow beyond is renamed (out.ndjson becomes out.1.ndjson) and a new one begun')
      .example('100MB')
      .optional(),
  })
  .check(({ path }) => templateProblems(path).map((problem) => `'path' = '${path}' ${problem}`));

interface Resource {
  readonly path: string;
  readonly format: LineFormat;
  readonly files: FileSet;
}

/** The connector over a disk: tests make that one fail. */
export function fileConnector(disk: Disk) {
  return defineConnector({
    name: 'file-connector',
    summary: 'Appends rows to files, as lines of JSON or CSV; at least once, and never half a line.',
    attributes,
    async open({ attributes: { path, fsync, ...given } }): Promise<Resource> {
      const isTemplate = path.includes('{');
      if (isTemplate) await disk.prepareFolder(dirname(path.replace(/\{.*/s, '_')));
      else await disk.prepareFile(path);
      const format = given.format === 'csv' ? csv(given['csv.header']) : ndjson;
      const options = { format, isSynced: fsync, maxBytes: given['rotate.size'] ?? Number.POSITIVE_INFINITY };
      return { path, format, files: new FileSet(disk, options) };
    },
    async transfer({ path, format, files }, event) {
      try {
        await files.append(rowsByFile(path, format, event));
      } catch (cause) {
        throw isPassing(cause) ? new Retryable((cause as Error).message, { cause }) : cause;
      }
    },
    async close({ files }) {
      await files.close();
    },
  });
}

export default fileConnector(realDisk);

function rowsByFile(template: string, format: LineFormat, event: RowsEvent): FileRows[] {
  const { stream, columns } = event;
  const linesByPath = new Map<string, string[]>();
  for (let row = 0; row < event.rowCount; row++) {
    const path = expandPath(template, { stream, partition: event.origin(row).partition, timeMs: event.time(row) });
    const lines = linesByPath.get(path) ?? [];
    linesByPath.set(path, lines);
    lines.push(format.line(event, row));
  }
  return [...linesByPath].map(([path, lines]) => ({ path, lines: lines.join(''), columns }));
}

/** Space and handles may be there again later. */
function isPassing(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '');
}
