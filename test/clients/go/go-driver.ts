import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasCommand } from '../../harness/process.ts';
import type { DriverCommand } from '../driver-process.ts';
import { run, whatCannotBeFetched } from '../runtimes.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** A version of franz-go, pinned by a module file of its own, and the Go that it needs. */
interface Pinned {
  readonly version: string;
  readonly moduleFile: string;
  readonly goMinor: number;
}

const pinned: readonly Pinned[] = [
  { version: '1.22.2', moduleFile: 'go.mod', goMinor: 26 },
  { version: '1.16.1', moduleFile: 'go1.19.mod', goMinor: 19 },
];

/** The newest version of franz-go that the Go on this machine builds; what is missing is told as a sentence. */
export function whatGoBuilds(): { readonly newest: Pinned | undefined; readonly lacking: string | null } {
  if (!hasCommand('go')) return { newest: undefined, lacking: 'Go is not installed' };
  const goVersion = run('go', ['env', 'GOVERSION']).trim();
  const minor = Number(/^go1\.(\d+)/.exec(goVersion)?.[1] ?? 0);
  const newest = pinned.find(({ goMinor }) => minor >= goMinor);
  if (newest === undefined) return { newest, lacking: `Go 1.19 or newer is not installed, only ${goVersion}` };
  return {
    newest,
    lacking: whatCannotBeFetched(`franz-go ${newest.version}`, () => go('mod', 'download', `-modfile=${newest.moduleFile}`)),
  };
}

function go(...args: readonly string[]): string {
  return run('go', args, { cwd: here, env: { GOFLAGS: '-mod=readonly', CGO_ENABLED: '0' } });
}

/** Builds the driver with a version of franz-go, in the user's cache directory. */
export function goDriver({ version, moduleFile }: Pinned): DriverCommand {
  const directory = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace', 'clients', 'go');
  mkdirSync(directory, { recursive: true });
  const program = join(directory, `franz-go-${version}`);
  go('build', `-modfile=${moduleFile}`, '-o', program, '.');
  return { command: program, args: [] };
}
