import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { protocolTable } from '../src/handlers/protocol-table.ts';

const folder = new URL('../src/handlers/', import.meta.url);
const files = readdirSync(folder).filter((name) => /^\d\d-/.test(name));

it('there is one file for each API that is served, numbered by its key', () => {
  expect(files.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b)).toEqual([...protocolTable.keys()].sort((a, b) => a - b));
});

it.each(files)('%s says in its header which versions it serves, and by which proposal', (name) => {
  const { api, versions } = protocolTable.get(Number.parseInt(name, 10))!;
  const headers = [...readFileSync(new URL(name, folder), 'utf8').matchAll(/\/\*\*\n(?: \*.*\n)+? \*\/\n(?=export (?:const|function))/g)];
  const header = headers.map(([text]) => text).find((text) => text.startsWith(`/**\n * ${api.name} `));
  expect(header, `no comment that begins with ${api.name}`).toBeDefined();
  const [, min, max = min] = new RegExp(`${api.name} (\\d+)(?:–(\\d+))?`).exec(header!)!;
  expect([Number(min), Number(max)]).toEqual(versions);
  expect(header).toMatch(/@see KIP-\d+/);
});
