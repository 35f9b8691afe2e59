import { systemClock } from '@millrace/core';
import type { ApiClient } from '../api/client.ts';
import { CatalogNames } from './catalog-names.ts';
import { complete } from './complete.ts';
import { History, historyPath } from './history.ts';
import { LineReader } from './line-reader.ts';
import { Shell } from './shell.ts';

/**
 * Opens the shell on the terminal of this process; resolves when the user leaves.
 * @throws {Unreachable} if no server answers at the start
 */
export async function openShell(
  client: ApiClient,
  options: { readonly format: string; readonly parameters: Readonly<Record<string, string>>; readonly version: string },
): Promise<void> {
  await client.rows('SELECT 1');
  const names = new CatalogNames(client, systemClock);
  const shell: Shell = new Shell({
    ...options,
    client,
    clock: systemClock,
    output: process.stdout,
    lines: new LineReader({
      input: process.stdin,
      output: process.stdout,
      history: new History(historyPath(process.env)),
      complete: async (line) => {
        const { candidates, begun } = await complete(shell.begun + line, names);
        return [[...candidates], begun];
      },
    }),
  });
  await shell.run();
}
