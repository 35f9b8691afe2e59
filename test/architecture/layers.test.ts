import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, root, workspacePackages } from './workspace.ts';

/** Lower layers know nothing of higher ones; packages of one layer do not know each other. */
const layers: Record<string, number> = {
  '@millrace/core': 0,
  '@millrace/data': 1,
  '@millrace/sql': 1,
  '@millrace/kafka-protocol': 1,
  '@millrace/functions': 2,
  '@millrace/formats': 2,
  '@millrace/kafka-client': 2,
  '@millrace/catalog': 2,
  '@millrace/sdk': 2,
  '@millrace/planner': 3,
  '@millrace/broker': 3,
  '@millrace/runtime': 4,
  '@millrace/pipes': 5,
  '@millrace/server': 6,
  millrace: 7,
};

/** Inside these packages the folders have an order too: a folder imports only from those before it. */
const folderOrder: Readonly<Record<string, readonly string[]>> = {
  'packages/runtime': ['expression', 'window', 'watermark', 'state', 'operators', 'sinks', 'sources', 'task', 'view', 'engine'],
  'packages/pipes': ['stage', 'host', 'extract', 'progress', 'task', 'engine'],
  'packages/broker': ['log', 'producer', 'group', 'topic', 'transaction', 'cluster', 'security', 'handlers', 'server'],
};

const packages = workspacePackages();
// A built-in plugin is what anybody could write: it sees the SDK and nothing else of the house.
for (const { folder, name } of packages) if (folder.startsWith('plugins/')) layers[name] = 4;

describe.each(packages)('$folder', ({ folder, name, dependencies, sources }) => {
  it('has a layer', () => {
    expect(layers).toHaveProperty([name]);
  });

  it('depends only on packages of lower layers', () => {
    const upward = dependencies.filter((dependency) => dependency in layers && layers[dependency]! >= layers[name]!);
    expect(upward).toEqual([]);
  });

  it.runIf(folder.startsWith('plugins/'))('knows nothing of the house but the SDK', () => {
    expect(dependencies.filter((dependency) => dependency in layers)).toEqual(['@millrace/sdk']);
  });

  it('imports only what its manifest names, and no file inside another package', () => {
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
        .filter((specifier) => {
          if (specifier.startsWith('@millrace/')) return !dependencies.includes(specifier);
          const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
          return !dependencies.includes(packageName);
        })
        .map((specifier) => `${path}: ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('reaches no file outside its own sources by a relative import', () => {
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => normalize(join(dirname(path), specifier)))
        .filter((target) => !target.startsWith(join(folder, 'src')) || !existsSync(join(root, target)))
        .map((target) => `${path}: ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no import cycle', () => {
    const graph = new Map(
      sources.map((path) => [
        path,
        importsOf(path)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => normalize(join(dirname(path), specifier))),
      ]),
    );
    expect(findCycle(graph)).toEqual([]);
  });
});

describe.each(Object.entries(folderOrder))('folders of %s', (folder, order) => {
  it('import only downwards', () => {
    const sources = packages.find((candidate) => candidate.folder === folder)!.sources;
    const rank = (path: string) => order.indexOf(path.slice(join(folder, 'src').length + 1).split('/')[0]!);
    const upward = sources.flatMap((path) =>
      importsOf(path)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => normalize(join(dirname(path), specifier)))
        .filter((target) => rank(path) !== -1 && rank(target) > rank(path))
        .map((target) => `${path} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });
});

it('ARCHITECTURE.md lists every package', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const missing = packages.filter(({ folder }) => !text.includes(`\`${folder}\``)).map(({ folder }) => folder);
  expect(missing).toEqual([]);
});

/** A cycle as the list of its files, or an empty list. Imports of types count too: they tie files together just the same. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] => {
    const at = path.indexOf(file);
    if (at !== -1) return [...path.slice(at), file];
    if (done.has(file)) return [];
    path.push(file);
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target);
      if (cycle.length > 0) return cycle;
    }
    path.pop();
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
