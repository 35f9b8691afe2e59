import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Logger, silentLogger, systemClock, systemRandom } from '@millrace/core';
import { PluginHost, type PluginHostOptions, type StageRequest } from '@millrace/pipes';
import type { StageKind } from '@millrace/sdk';

/** Files by path. */
export type Files = Readonly<Record<string, string>>;

/** A folder of a test with a library directory and packages of users. */
export class PackageFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'millrace-plugins-'));
  readonly library = join(this.path, 'library');
  readonly #hosts: PluginHost[] = [];

  /** Writes a package; without a manifest in `files` one that fits. @returns its path */
  write(name: string, files: Files, manifest: object = {}): string {
    const folder = join(this.path, name);
    const all = {
      'package.json': JSON.stringify({
        name: basename(name),
        version: '1.0.0',
        type: 'module',
        millrace: { sdk: '^1', plugins: './index.js' },
        ...manifest,
      }),
      ...files,
    };
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  }

  async host({ timeoutMs = 700, ...more }: Partial<PluginHostOptions> & { readonly timeoutMs?: number } = {}): Promise<PluginHost> {
    const host = await PluginHost.open({
      libraryDirectory: this.library,
      builtIns: [],
      installed: [],
      environment: {
        timezone: 'UTC',
        deployment: 'here',
        cluster: { brokers: ['127.0.0.1:1'] },
        settings: { limit: 9 },
        limits: { timeoutMs, memoryMb: 64 },
      },
      clock: systemClock,
      logger: silentLogger,
      random: systemRandom,
      ...more,
    });
    this.#hosts.push(host);
    return host;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The text of a module with one processor, whose hooks are given as text. */
export function processorModule(name: string, hooks: string, head = ''): string {
  return `import { defineProcessor, defineConnector, a, BadRecord, NotConnected, Retryable, Logger, Metrics, Sql, Streams } from '@millrace/sdk';
${head}
export default defineProcessor({ name: '${name}', summary: 'made by a test', attributes: a.object({ by: a.integer().default('1') }), ${hooks} });
`;
}

export function requestFor(
  host: PluginHost,
  kind: StageKind,
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  pipe = 'p',
): StageRequest {
  return { pipe, kind, plugin: host.find(kind, name), attributes };
}

/** A logger that keeps its lines. */
export function recordingLogger(lines: { readonly fields: object; readonly message: string }[]): Logger {
  const line = (given: object) => (fields: object, message: string) => void lines.push({ fields: { ...given, ...fields }, message });
  const child = (given: object): Logger => ({
    debug: line(given),
    info: line(given),
    warn: line(given),
    error: line(given),
    child: (fields) => child({ ...given, ...fields }),
  });
  return child({});
}
