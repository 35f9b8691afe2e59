import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UsageError } from '../usage-error.ts';

/**
 * The SDK that this command has itself, for projects elsewhere. A checkout runs from its sources: there it is built if it is not yet.
 * @throws {UsageError} if it cannot be built
 */
export async function localSdk(): Promise<{ readonly folder: string; readonly version: string }> {
  let folder = dirname(fileURLToPath(import.meta.resolve('@millrace/sdk')));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  if (!existsSync(join(folder, 'dist/index.js'))) await build(folder);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { folder, version };
}

async function build(folder: string): Promise<void> {
  try {
    const compiler = join(dirname(createRequire(join(folder, 'package.json')).resolve('typescript/package.json')), 'bin/tsc');
    await promisify(execFile)(process.execPath, [compiler, '-b', folder]);
  } catch (failure) {
    const { stdout, message } = failure as Error & { readonly stdout?: string };
    throw new UsageError(
      `the SDK in ${folder} cannot be built: ${(stdout || message).trim()}`,
      `run \`npm run build\` in ${dirname(folder)}`,
    );
  }
}
