import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../usage-error.ts';
import { localSdk } from './local-sdk.ts';

export const projectKinds = ['processor', 'connector', 'extractor'] as const;
export type ProjectKind = (typeof projectKinds)[number];

/** Where the templates are, seen from here and from what is compiled of it. */
const templates = fileURLToPath(new URL('../../templates/plugin/', import.meta.url));
/** As the templates call themselves. */
const placeholder = 'my-plugin';
/** Not published under its own name: npm would take it for its own. */
const renamed: Readonly<Record<string, string>> = { gitignore: '.gitignore' };

/**
 * Writes a project of its own for a plugin, whose `npm test` passes.
 * @param folder made if it is not there; its name is that of the plugin
 * @returns the files that were written
 * @throws {UsageError} if something is there, or the name is none for a plugin
 */
export async function writeProject(folder: string, kind: ProjectKind): Promise<readonly string[]> {
  const target = resolve(folder);
  const name = basename(target);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new UsageError(`${name} is no name for a plugin`, "lower case, digits, and '-' between them");
  }
  if (existsSync(target) && readdirSync(target).length > 0) throw new UsageError(`${target} is not empty`);
  const files = new Map([...filesOf(join(templates, 'shared')), ...filesOf(join(templates, kind))]);
  files.set('package.json', await manifest(name, kind));
  for (const [path, text] of files) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), text.replaceAll(placeholder, name));
  }
  return [...files.keys()].sort();
}

function filesOf(folder: string): readonly (readonly [string, string])[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [join(entry.parentPath.slice(folder.length + 1), renamed[entry.name] ?? entry.name), readFileSync(path, 'utf8')];
  });
}

async function manifest(name: string, kind: ProjectKind): Promise<string> {
  const { folder, version } = await localSdk();
  const range = `^${version.split('.')[0]}`;
  const content = {
    name,
    version: '0.1.0',
    description: `A ${kind} for pipes of Millrace`,
    private: true,
    type: 'module',
    engines: { node: '>=22.18' },
    millrace: { sdk: range, plugins: './src/index.ts' },
    files: ['src'],
    scripts: { test: 'tsc && node --test "test/**/*.test.ts"' },
    peerDependencies: { '@millrace/sdk': range },
    devDependencies: { '@millrace/sdk': `file:${folder}`, '@types/node': '24.10.1', typescript: '7.0.2' },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}
