import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../architecture/workspace.ts';

/** `path` *title*, *title*: tests that a row names. */
const named = /`([\w./-]+\.test\.ts)` (\*[^*]+\*(?:, \*[^*]+\*)*)/g;
const text = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| ') && !/^\| (---|guaranteed|not guaranteed) /.test(line));

/** The texts that a file holds as string literals, with `…` for what is put into them. */
const literals = new Map<string, ReadonlySet<string>>();
function literalsOf(path: string): ReadonlySet<string> {
  let found = literals.get(path);
  if (found === undefined) {
    const matches = readFileSync(join(root, path), 'utf8').matchAll(/'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\\n])*)`/g);
    found = new Set([...matches].map(([, one, two, three]) => (one ?? two ?? three)!.replace(/\$\{[^}]*\}/g, '…')));
    literals.set(path, found);
  }
  return found;
}

describe('docs/guarantees.md', () => {
  it('has tables', () => {
    expect(rows.length).toBeGreaterThan(30);
  });

  it.each(rows.map((row) => [row.split('|')[1]!.trim(), row] as const))('names tests that exist: %s', (_, row) => {
    const tests = [...row.matchAll(named)].flatMap(([, path, titles]) =>
      titles!.split(/\*, \*/).map((title) => ({ path: path!, title: title.replaceAll('*', '') })),
    );
    expect(tests).not.toEqual([]);
    expect(tests.filter(({ path, title }) => !existsSync(join(root, path)) || !literalsOf(path).has(title))).toEqual([]);
  });
});
