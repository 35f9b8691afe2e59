import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface WorkspacePackage {
  /** The folder below the root, e.g. `packages/core`, `plugins/file-connector`, `sdk`. */
  readonly folder: string;
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Paths of the source files below the root. */
  readonly sources: readonly string[];
}

/** Every file below a folder, installed and built things left out. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules' && name !== 'dist' && name !== '.git')
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? filesBelow(path) : [path];
    });
}

export function workspacePackages(): WorkspacePackage[] {
  const below = (folder: string) => readdirSync(join(root, folder)).map((name) => join(folder, name));
  return [...below('packages'), ...below('plugins'), 'sdk'].sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    return {
      folder,
      name: manifest.name,
      dependencies: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
      sources: filesBelow(join(root, folder, 'src'))
        .filter((path) => path.endsWith('.ts'))
        .map((path) => relative(root, path)),
    };
  });
}

/** The module specifiers that a source file imports or re-exports, statically or dynamically. */
export function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const statements = text.matchAll(
    /^\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...statements].map((match) => (match[1] ?? match[2] ?? match[3])!);
}
