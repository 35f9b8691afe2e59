import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { basename, extname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MillraceError } from '@millrace/core';
import { messageOf } from '../stages/hook-failure.ts';
import { isInRange } from './sdk-range.ts';

/** A package as its manifest describes it. */
export interface PluginPackage {
  readonly name: string;
  readonly version: string;
  /** URL of the module that exports its plugins. */
  readonly module: string;
}

/** What a package may consist of when it is one file. */
export const moduleExtensions: readonly string[] = ['.js', '.mjs', '.ts', '.mts'];

/**
 * Reads the manifest of a package: a folder with `package.json`, or a single module.
 * @throws {MillraceError} PLUGIN_INVALID
 */
export function readPackage(path: string): PluginPackage {
  if (statSync(path).isDirectory()) return readFolder(path);
  if (!moduleExtensions.includes(extname(path))) {
    throw invalid(`${basename(path)} is no package: that is a folder, a .tgz, or one of ${moduleExtensions.join(', ')}`);
  }
  return { name: basename(path, extname(path)), version: '0.0.0', module: pathToFileURL(realpathSync(path)).href };
}

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
  readonly millrace?: { readonly sdk?: unknown; readonly plugins?: unknown };
}

function readFolder(folder: string): PluginPackage {
  const manifest = readManifest(folder);
  const { name = basename(folder), version = '0.0.0', millrace } = manifest;
  if (typeof name !== 'string' || typeof version !== 'string') throw invalid('name and version in package.json are texts');
  if (typeof millrace !== 'object' || millrace === null) {
    throw invalid(`package.json has no field millrace: it is { "sdk": "^1", "plugins": "./dist/index.js" }`);
  }
  checkSdk(name, millrace.sdk);
  const { plugins = '.' } = millrace;
  if (typeof plugins !== 'string') throw invalid('millrace.plugins in package.json is the path of a module');
  return { name, version, module: pathToFileURL(moduleOf(folder, plugins === '.' ? mainOf(manifest) : plugins)).href };
}

function readManifest(folder: string): Manifest {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) throw invalid('there is no package.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch (cause) {
    throw invalid(`package.json cannot be read: ${messageOf(cause)}`, cause);
  }
}

function checkSdk(name: string, range: unknown): void {
  const version = sdkVersion();
  const legal = `the range of SDK versions that it is for, e.g. "^${version.split('.')[0]}"`;
  if (typeof range !== 'string') throw invalid(`millrace.sdk in package.json is missing: it is ${legal}`);
  const fits = isInRange(version, range);
  if (fits === undefined) throw invalid(`millrace.sdk in package.json is ${legal}, not ${JSON.stringify(range)}`);
  if (!fits) throw invalid(`${name} is for the SDK ${range}, but this server has the SDK ${version}`);
}

let knownVersion: string | undefined;

/** The version of the SDK that plugins get here. */
function sdkVersion(): string {
  knownVersion ??= (JSON.parse(readFileSync(findPackageJSON('@millrace/sdk', import.meta.url)!, 'utf8')) as { version: string }).version;
  return knownVersion;
}

/** What `.` means in a manifest. */
function mainOf({ exports, main }: Manifest): string {
  const root = typeof exports === 'object' && exports !== null && '.' in exports ? exports['.'] : exports;
  const target = conditionOf(root) ?? main;
  return typeof target === 'string' ? target : './index.js';
}

function conditionOf(target: unknown): unknown {
  if (typeof target !== 'object' || target === null) return target;
  const conditions = target as Readonly<Record<string, unknown>>;
  return conditionOf(conditions['import'] ?? conditions['node'] ?? conditions['default']);
}

function moduleOf(folder: string, path: string): string {
  const root = realpathSync(folder);
  const given = resolve(root, path);
  if (!existsSync(given)) throw invalid(`the module ${path} that package.json names is not there: was it built?`);
  const module = realpathSync(given);
  if (relative(root, module).split(sep)[0] === '..') throw invalid(`the module ${path} that package.json names is outside the package`);
  return module;
}

function invalid(message: string, cause?: unknown): MillraceError {
  return new MillraceError('PLUGIN_INVALID', message, { cause });
}
