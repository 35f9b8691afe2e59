import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/core';
import type { PluginProject } from './plugin-project.ts';

/** A package of plugins with all that it needs when it runs, but for the SDK: that is the server's. */
export interface PackedPlugin {
  /** A `.tgz`. */
  readonly file: string;
  /** In hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Removes the file. */
  remove(): Promise<void>;
}

/** @throws {MillraceError} PLUGIN_INVALID with what npm says */
export async function packPlugin(project: PluginProject): Promise<PackedPlugin> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-pack-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const packed = await npmPack(project.folder, folder);
    const file = project.dependencies.length === 0 ? join(folder, packed.filename) : await withDependencies(project, packed, folder);
    const bytes = await readFile(file);
    return { file, sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** What `npm pack --json` says. */
interface NpmPacked {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

async function npmPack(from: string, to: string, ...flags: string[]): Promise<NpmPacked> {
  const stdout = await npm(from, 'pack', '--json', '--pack-destination', to, ...flags);
  // Scripts of the package may have written before it.
  return (JSON.parse(stdout.slice(stdout.search(/^\[\s*\{/m))) as NpmPacked[])[0]!;
}

/** The same package with its production dependencies inside: a server installs nothing. */
async function withDependencies({ folder, name }: PluginProject, { files }: NpmPacked, into: string): Promise<string> {
  const stage = join(into, 'stage');
  for (const { path } of files) await cp(join(folder, path), join(stage, path));
  const manifest = JSON.parse(await readFile(join(stage, 'package.json'), 'utf8')) as Record<string, unknown>;
  const bundled = { ...manifest, name, devDependencies: undefined, bundleDependencies: true };
  await writeFile(join(stage, 'package.json'), JSON.stringify(bundled, null, 2));
  // Without peers: the SDK comes from the server.
  await npm(
    stage,
    'install',
    '--omit=dev',
    '--omit=peer',
    '--legacy-peer-deps',
    '--ignore-scripts',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
  );
  const packed = await npmPack(stage, into, '--ignore-scripts');
  return join(into, packed.filename);
}

async function npm(folder: string, ...parameters: readonly string[]): Promise<string> {
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 2 ** 20, shell: process.platform === 'win32' } as const;
  try {
    return (await promisify(execFile)('npm', parameters, options)).stdout;
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string };
    const said = stderr
      .split('\n')
      .filter((line) => line.startsWith('npm error'))
      .slice(0, 3);
    throw new MillraceError('PLUGIN_INVALID', `npm ${parameters[0]} fails: ${said.length > 0 ? said.join('; ') : message}`, { cause });
  }
}
