import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DataDirectory } from '../src/data-directory.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-directory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('can be opened again after it was closed', () => {
  const path = join(folder, 'data');
  DataDirectory.open(path).close();
  DataDirectory.open(path).close();
});

it('refuses a second server of the same process', () => {
  const directory = DataDirectory.open(folder);
  expect(() => DataDirectory.open(folder)).toThrow(expect.objectContaining({ code: 'DIRECTORY_LOCKED' }));
  directory.close();
});

it('names the process that holds it', async () => {
  const other = spawn(
    process.execPath,
    [
      '-e',
      'require("node:fs").writeFileSync("lock", process.pid + " " + require("node:fs").readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ")[19]); console.log("x"); setInterval(() => {}, 1000)',
    ],
    { cwd: folder },
  );
  await new Promise((resolve) => other.stdout.once('data', resolve));
  expect(() => DataDirectory.open(folder)).toThrow(`is in use by process ${other.pid}`);
  other.kill('SIGKILL');
  await new Promise((resolve) => other.once('exit', resolve));
  DataDirectory.open(folder).close();
});

it('takes over the lock of a process that is gone, or of another one with its pid', () => {
  writeFileSync(join(folder, 'lock'), '1 12345678901');
  DataDirectory.open(folder).close();
});

it('refuses a file and a newer format', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => DataDirectory.open(file)).toThrow(/is a file/);
  writeFileSync(join(folder, 'format'), '99\n');
  expect(() => DataDirectory.open(folder)).toThrow(/has format 99, this server reads format 1/);
  expect(() => DataDirectory.open(folder)).toThrow(/has format 99/);
});
