import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/core';
import { messageOf } from '../stages/hook-failure.ts';
import { copyFolder } from './copy-folder.ts';
import type { PackageUri } from './package-uri.ts';
import { moduleExtensions } from './plugin-package.ts';

/** The network, as packages are fetched by it. */
export interface PackageNetwork {
  /** The bytes of an address. @throws {Error} if there are none, or more than `mostBytes` */
  download(url: string, mostBytes: number, timeoutMs: number): Promise<Uint8Array>;
  /** Runs npm in a folder. @throws {Error} with what it has printed */
  npm(args: readonly string[], folder: string, timeoutMs: number): Promise<void>;
}

const downloadMs = 60_000;
const npmMs = 180_000;
const mostBytes = 64 * 1024 * 1024;

/**
 * Brings a package into a folder, which is made and then holds it alone.
 * @returns its path
 * @throws {MillraceError} PLUGIN_UNAVAILABLE, PLUGIN_INVALID
 */
export async function fetchPackage(
  uri: Exclude<PackageUri, { kind: 'library' }>,
  folder: string,
  network: PackageNetwork,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  try {
    switch (uri.kind) {
      case 'file':
        return await copyLocal(uri.path, folder);
      case 'https': {
        const path = join(folder, uri.fileName);
        await writeFile(path, await network.download(uri.url, mostBytes, downloadMs));
        return path;
      }
      case 'npm': {
        await network.npm(['pack', uri.spec, '--ignore-scripts', '--pack-destination', folder], folder, npmMs);
        return join(folder, (await readdir(folder)).find((name) => name.endsWith('.tgz'))!);
      }
    }
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause;
    throw new MillraceError('PLUGIN_UNAVAILABLE', `the package cannot be fetched: ${messageOf(cause)}`, { cause });
  }
}

async function copyLocal(path: string, folder: string): Promise<string> {
  const target = join(folder, basename(path));
  const found = await stat(path);
  if (found.isDirectory()) await copyFolder(path, target);
  else if (!found.isFile()) throw new MillraceError('PLUGIN_INVALID', `${path} is neither a file nor a folder`);
  else if (path.endsWith('.tgz') || moduleExtensions.includes(extname(path))) await cp(path, target, { dereference: true });
  else
    throw new MillraceError('PLUGIN_INVALID', `${path} is no package: that is a folder, a .tgz, or one of ${moduleExtensions.join(', ')}`);
  return target;
}

const mostRedirects = 10;

/** Follows redirects, each by https: nobody on the way may say where the next one leads. */
async function fetchByHttps(url: string, signal: AbortSignal): Promise<Response> {
  for (let [from, left] = [url, mostRedirects]; ; left--) {
    const response = await fetch(from, { signal, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return response;
    await response.body?.cancel();
    const to = new URL(location, from);
    if (to.protocol !== 'https:') throw new Error(`${from} leads to ${to.href}, which is not https:`);
    if (left === 0) throw new Error(`${url} leads from one address to another, more than ${mostRedirects} times`);
    from = to.href;
  }
}

/** The machine's own network. */
export const systemNetwork: PackageNetwork = {
  async download(url, most, timeoutMs) {
    const response = await fetchByHttps(url, AbortSignal.timeout(timeoutMs));
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > most) throw new Error(`${url} is larger than ${most} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  },
  async npm(args, folder, timeoutMs) {
    await promisify(execFile)('npm', [...args], { cwd: folder, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 });
  },
};
