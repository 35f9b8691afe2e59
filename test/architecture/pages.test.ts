import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root, workspacePackages } from './workspace.ts';

it('files that ARCHITECTURE.md names are there', () => {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const named = [...text.matchAll(/`([\w./-]+\.(?:ts|md|yaml))`/g)].map((match) => match[1]!).filter((name) => name.includes('/'));
  const places = ['', 'packages', ...workspacePackages().map(({ folder }) => join(folder, 'src'))];
  expect(named.filter((name) => !places.some((place) => existsSync(join(root, place, name))))).toEqual([]);
});
