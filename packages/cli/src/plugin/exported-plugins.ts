import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MillraceError } from '@millrace/core';
import type { PluginProject } from './plugin-project.ts';

/** A plugin that a module exports. */
export interface ExportedPlugin {
  readonly exportName: string;
  /** As pipes name it. */
  readonly name: string;
  readonly kind: string;
}

/**
 * The plugins of a project, as its code is now: found in a process of its own, so that they can be asked for again after a change.
 * @throws {MillraceError} PLUGIN_INVALID if the module cannot be loaded, or exports none
 */
export async function exportedPlugins({ entry, name, folder }: PluginProject): Promise<readonly ExportedPlugin[]> {
  const parameters = ['--input-type=module', '-e', listing, entry];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: folder, encoding: 'utf8' }).catch((cause: Failure) => {
    throw new MillraceError('PLUGIN_INVALID', `the plugins of ${name} cannot be loaded: ${firstError(cause, folder)}`, { cause });
  });
  const plugins = JSON.parse(stdout.slice(stdout.lastIndexOf('\n[') + 1)) as ExportedPlugin[];
  if (plugins.length > 0) return plugins;
  throw new MillraceError('PLUGIN_INVALID', `${name} exports no plugin`, { hint: 'export default defineProcessor({ … })' });
}

type Failure = Error & { readonly stderr?: string };

/** Plugins bear a mark that all copies of the SDK know. */
const listing = `
const mark = Symbol.for('millrace.plugin');
const exported = Object.entries(await import(process.argv[1]));
const plugins = exported.filter(([, value]) => value !== null && typeof value === 'object' && mark in value);
process.stdout.write('\\n' + JSON.stringify(plugins.map(([exportName, { name, kind }]) => ({ exportName, name, kind }))));
process.exit(0);
`;

/** Of a stack the line that says what was thrown, with the file and line that stand before it. */
function firstError({ stderr = '', message }: Failure, folder: string): string {
  const lines = stderr.split('\n');
  const thrown = lines.findIndex((line) => /^\w*Error\b/.test(line));
  if (thrown === -1) return message;
  const [, url, number] =
    lines
      .slice(0, thrown)
      .map((line) => /^(file:.*):(\d+)$/.exec(line))
      .find((match) => match !== null) ?? [];
  return url === undefined ? lines[thrown]! : `${relative(realpathSync(folder), fileURLToPath(url))}:${number}: ${lines[thrown]}`;
}
