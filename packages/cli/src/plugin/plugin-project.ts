import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../usage-error.ts';

/** A folder with a package of plugins. */
export interface PluginProject {
  readonly folder: string;
  /** Of the package. */
  readonly name: string;
  readonly version: string;
  /** URL of the module that exports the plugins. */
  readonly entry: string;
  readonly scripts: Readonly<Record<string, string>>;
  /** Names of the packages that it needs when it runs. */
  readonly dependencies: readonly string[];
}

/** What a package says of itself, as far as it matters here. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly millrace?: { readonly plugins?: string };
}

/** @throws {UsageError} if it is no package, or none of plugins */
export function readPluginProject(path: string): PluginProject {
  const folder = resolve(path);
  const { name, version, scripts = {}, dependencies = {}, millrace } = readManifest(folder);
  if (name === undefined || version === undefined) throw new UsageError(`the package in ${folder} has no name or no version`);
  if (millrace?.plugins === undefined) {
    throw new UsageError(
      `the package ${name} does not say where its plugins are`,
      'its package.json needs "millrace": { "sdk": "^1", "plugins": "./src/index.ts" }',
    );
  }
  const entry = pathToFileURL(join(folder, millrace.plugins)).href;
  return { folder, name, version, entry, scripts, dependencies: Object.keys(dependencies) };
}

function readManifest(folder: string): Manifest {
  const file = join(folder, 'package.json');
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isMissing) throw new UsageError(`${file} cannot be read: ${(cause as Error).message}`);
    throw new UsageError(`${folder} is no package: it has no package.json`, '`millrace pipeplugin init <folder>` makes one');
  }
}
