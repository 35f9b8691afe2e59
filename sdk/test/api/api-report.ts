import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DeclarationFile, type Reference, readDeclarations } from './declarations.ts';

const sdk = fileURLToPath(new URL('../..', import.meta.url));
export const reportFile = join(sdk, 'api-report.md');

const entryPoints = { '@millrace/sdk': 'index.d.ts', '@millrace/sdk/testing': 'testing/index.d.ts' };

/**
 * The public API as text: each entry point with its exports, and what these refer to, in the order of their names. A change of it shows in
 * review. `npm run docs` renews it.
 */
export function apiReport(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-sdk-api-'));
  try {
    emitDeclarations(folder);
    const seen = new Set<string>();
    const sections = Object.entries(entryPoints).map(([name, file]) => `## ${name}\n\n${section(join(folder, file), seen)}`);
    return `# Public API of the SDK\n\nMade from the code (\`npm run docs\`), without comments.\n\n${sections.join('\n\n')}\n`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function emitDeclarations(folder: string): void {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const output = ['--outDir', folder, '--tsBuildInfoFile', join(folder, '.tsbuildinfo')];
  execFileSync(process.execPath, [
    tsc,
    '-p',
    join(sdk, 'tsconfig.json'),
    '--noCheck',
    '--emitDeclarationOnly',
    '--declarationMap',
    'false',
    ...output,
  ]);
}

/** @param seen declarations that stand in the report already */
function section(entry: string, seen: Set<string>): string {
  const files = new Map<string, DeclarationFile>();
  const file = (path: string) => files.get(path) ?? files.set(path, readDeclarations(path)).get(path)!;
  const exported = exportsOf(entry, file);
  const found = new Map<string, string>();
  const pending = [...exported];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, name } = origin(next, file);
    const text = file(path).declarations.get(name);
    if (text === undefined || seen.has(`${path} ${name}`)) continue;
    seen.add(`${path} ${name}`);
    found.set(name, text);
    pending.push(...references(text, file(path)));
  }
  const names = [...exported].map(({ name }) => name).sort();
  const declarations = [...found]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, text]) => text.replace(/^(export )?(declare )?/gm, ''));
  return `Exports: ${names.map((name) => `\`${name}\``).join(', ')}\n\n\`\`\`\n${declarations.join('\n\n')}\n\`\`\``;
}

function exportsOf(entry: string, file: (path: string) => DeclarationFile): readonly Reference[] {
  const { reExports, stars } = file(entry);
  const whole = stars.flatMap((path) => [...file(path).declarations.keys()].map((name) => ({ path, name })));
  return [...reExports.values(), ...whole];
}

/** Where a name is declared. */
function origin(reference: Reference, file: (path: string) => DeclarationFile): Reference {
  const { declarations, imports, reExports } = file(reference.path);
  if (declarations.has(reference.name)) return reference;
  const further = imports.get(reference.name) ?? reExports.get(reference.name);
  return further === undefined ? reference : origin(further, file);
}

function references(text: string, { path, declarations, imports }: DeclarationFile): readonly Reference[] {
  const words = new Set(text.match(/\w+/g));
  return [...words].flatMap((name) => imports.get(name) ?? (declarations.has(name) ? [{ path, name }] : []));
}
