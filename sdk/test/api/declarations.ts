import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A `.d.ts` file as the compiler writes it, taken apart. */
export interface DeclarationFile {
  readonly path: string;
  /** Top-level declarations, without comments, by name. */
  readonly declarations: ReadonlyMap<string, string>;
  /** What names mean that stand in other files. */
  readonly imports: ReadonlyMap<string, Reference>;
  /** What it exports from other files by name, and whole. */
  readonly reExports: ReadonlyMap<string, Reference>;
  readonly stars: readonly string[];
}

export interface Reference {
  readonly path: string;
  readonly name: string;
}

export function readDeclarations(path: string): DeclarationFile {
  const source = readFileSync(path, 'utf8');
  const statements = topLevelStatements(withoutComments(source));
  const declarations = new Map<string, string>();
  const [imports, reExports] = [new Map<string, Reference>(), new Map<string, Reference>()];
  const stars: string[] = [];
  for (const statement of statements) {
    const from = /from '(\.[^']+)';$/.exec(statement)?.[1];
    const target = from === undefined ? undefined : join(dirname(path), from.replace(/\.ts$/, '.d.ts'));
    const name = /^(?:export )?(?:declare )?(?:default )?(?:abstract )?(?:class|interface|type|function|const|let) (\w+)/.exec(
      statement,
    )?.[1];
    if (target !== undefined && /^export \*/.test(statement)) stars.push(target);
    else if (target !== undefined) collectNames(statement, target, statement.startsWith('import') ? imports : reExports);
    else if (name !== undefined) declarations.set(name, [declarations.get(name), statement].filter(Boolean).join('\n'));
  }
  return { path, declarations, imports, reExports, stars };
}

/** `{ type A, b as C }` */
function collectNames(statement: string, path: string, into: Map<string, Reference>): void {
  const names = /\{([^}]*)\}/.exec(statement)?.[1] ?? '';
  for (const part of names.split(',').map((each) => each.trim().replace(/^type /, ''))) {
    if (part === '') continue;
    const [name, alias = name] = part.split(' as ');
    into.set(alias!, { path, name: name! });
  }
}

export function withoutComments(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s*\n/gm, '');
}

/** The compiler indents what is inside: a statement begins at the margin and ends before the next one that does. */
function topLevelStatements(source: string): string[] {
  const statements: string[] = [];
  for (const line of source.split('\n').filter((each) => each.trim() !== '')) {
    if (/^[A-Za-z]/.test(line)) statements.push(line);
    else statements.push(`${statements.pop() ?? ''}\n${line}`);
  }
  return statements;
}
