import { readFileSync } from 'node:fs';

/** Reads the cases of a text file: each begins with a line `>>> query`, and what is expected stands below it. */
export function readCases(name: string): readonly { readonly sql: string; readonly expected: string }[] {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  return text
    .split(/^>>> /m)
    .slice(1)
    .map((block) => {
      const [sql, ...expected] = block.trimEnd().split('\n');
      return { sql: sql!, expected: expected.join('\n') };
    });
}
