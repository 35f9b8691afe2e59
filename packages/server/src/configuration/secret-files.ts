import { readFileSync, statSync } from 'node:fs';
import { MillraceError } from '@millrace/core';
import { parse } from 'yaml';
import type { ConfigurationKeyName } from './keys.ts';

/**
 * Text of a file that a key names.
 * @throws {MillraceError} CONFIG_INVALID
 */
export function readNamedFile(key: ConfigurationKeyName, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MillraceError('CONFIG_INVALID', `${key}: cannot read ${path}: ${(cause as Error).message}`, {
      cause,
      details: { key, path },
    });
  }
}

/** The password in a file: all of it but the end of its last line. @throws {MillraceError} CONFIG_INVALID */
export function readPasswordFile(key: ConfigurationKeyName, path: string): string {
  const password = readNamedFile(key, path).replace(/\r?\n$/, '');
  if (password === '') throw new MillraceError('CONFIG_INVALID', `${key}: ${path} is empty`, { details: { key, path } });
  return password;
}

/** Names and passwords of a YAML file. No message shows what stands in it. @throws {MillraceError} CONFIG_INVALID */
export function readUsersFile(key: ConfigurationKeyName, path: string): Readonly<Record<string, string>> {
  const text = readNamedFile(key, path);
  let users: unknown;
  try {
    users = parse(text);
  } catch {
    users = undefined;
  }
  const isMap = typeof users === 'object' && users !== null && !Array.isArray(users);
  const isLegal =
    isMap && Object.entries(users as object).every(([name, password]) => name !== '' && typeof password === 'string' && password !== '');
  if (isLegal) return users as Record<string, string>;
  throw new MillraceError('CONFIG_INVALID', `${key}: ${path} has to be a YAML map of names and passwords, each a text in quotes`, {
    details: { key, path },
  });
}

/** True if others than the file's owner may read it. */
export function isOpenToOthers(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) % 0o100 !== 0;
}
