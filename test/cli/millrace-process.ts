import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Started } from '../harness/process.ts';

/** Runs the command line from its sources, in this Node. */
export const millrace: readonly string[] = [
  process.execPath,
  '--conditions=source',
  fileURLToPath(new URL('../../packages/cli/bin/millrace.js', import.meta.url)),
];

/** A folder with the command `millrace`, for a PATH. */
export function writeMillraceCommand(folder: string): void {
  const path = join(folder, 'millrace');
  writeFileSync(path, `#!/bin/sh\nexec ${millrace.map((word) => `'${word}'`).join(' ')} "$@"\n`);
  chmodSync(path, 0o755);
}

/** `millrace server` as a process of its own, in an empty folder, on free ports. */
export interface ServerProcess {
  readonly url: string;
  readonly brokers: string;
  readonly folder: string;
  /** Stops it and removes the folder. */
  stop(): Promise<void>;
}

export async function startServer(): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const [command, ...args] = millrace;
  const server = new Started(
    command!,
    [...args, 'server', '--data-dir', join(folder, 'data'), '--http-port', '0', '--broker-port', '0', '--timezone', 'UTC'],
    { cwd: folder, env: { MILLRACE_LOG_LEVEL: 'warn' } },
  );
  const [, url] = await server.waitFor(/HTTP +(http:\S+)/);
  const [, brokers] = await server.waitFor(/Kafka +(\S+)/);
  return {
    url: url!,
    brokers: brokers!,
    folder,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
