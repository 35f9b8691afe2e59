import { readFileSync } from 'node:fs';
import { processorDriver } from '@millrace/sdk/testing';
import { expect, it } from 'vitest';
import { upper } from './types/readme-example.ts';

it('the example of the README is what is compiled and run here', async () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(read('../README.md').split('```ts\n')[1]?.split('\n```')[0]).toBe(read('types/readme-example.ts').trimEnd());
  expect(await processorDriver(upper, { attributes: { suffix: '!' } }).run([{ name: 'a' }])).toEqual([{ name: 'A!' }]);
});
