import { existsSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/**
 * Copies the folder of a package: its files, and of what it has installed only what it needs to run, not the tools that it was built
 * with. Links become what they lead to.
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  const needed = installedDependencies(from);
  await cp(from, to, {
    recursive: true,
    dereference: true,
    filter: (source) => {
      const [first, ...rest] = relative(from, source).split(sep);
      if (first === '.git') return false;
      if (first !== 'node_modules' || rest.length === 0) return true;
      const name = rest[0]!.startsWith('@') ? rest.slice(0, 2).join('/') : rest[0]!;
      return needed.has(name) || [...needed].some((each) => each.startsWith(`${name}/`));
    },
  });
}

/** Names of what stands in `node_modules` of a package and is needed to run it, directly or not. */
function installedDependencies(folder: string): ReadonlySet<string> {
  const needed = new Set<string>();
  const add = (manifestPath: string) => {
    for (const name of dependenciesOf(manifestPath)) {
      const manifest = join(folder, 'node_modules', name, 'package.json');
      if (needed.has(name) || !existsSync(manifest)) continue;
      needed.add(name);
      add(manifest);
    }
  };
  add(join(folder, 'package.json'));
  return needed;
}

function dependenciesOf(manifestPath: string): readonly string[] {
  if (!existsSync(manifestPath)) return [];
  try {
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(manifestPath, 'utf8')) as Record<string, object | undefined>;
    return Object.keys({ ...dependencies, ...optionalDependencies });
  } catch {
    // A manifest that is no JSON is told where the package is read.
    return [];
  }
}
