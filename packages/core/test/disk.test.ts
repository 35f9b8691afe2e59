import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemDisk } from '@millrace/core';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'millrace-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('writes several buffers at a position and reads them back', () => {
  const file = systemDisk.open(join(folder, 'a'), 'create');
  file.write([Buffer.from('hello '), Buffer.alloc(0), Buffer.from('world')], 0);
  file.write([Buffer.from('W')], 6);
  const target = Buffer.alloc(20);
  expect([file.read(target, 0, 20, 6), target.toString('utf8', 0, 5), file.size()]).toEqual([5, 'World', 11]);
  file.truncate(5);
  expect(file.size()).toBe(5);
  file.close();
});

it('replaces a file as a whole', () => {
  const path = join(folder, 'b');
  systemDisk.replaceFile(path, Buffer.from('one'));
  systemDisk.replaceFile(path, Buffer.from('two'));
  expect(systemDisk.readFile(path).toString()).toBe('two');
  expect(systemDisk.list(folder)).toEqual(['a', 'b']);
});

it('names the path and the reason of a failure', () => {
  const open = () => systemDisk.open(join(folder, 'none', 'x'), 'read');
  expect(open).toThrow(expect.objectContaining({ code: 'DISK_IO', message: expect.stringContaining('none/x') }));
});
