import { type FileHandle, open, readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

/** The text of a file that a user has named; `-` is stdin. @throws an Error that names the file */
export function readText(path: string): Promise<string> {
  return path === '-' ? text(process.stdin) : readFile(path, 'utf8').catch((cause) => unreadable(path, cause));
}

/** Opens a file that a user has named. @throws an Error that names the file */
export function openFile(path: string): Promise<FileHandle> {
  return open(path).catch((cause) => unreadable(path, cause));
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
};

function unreadable(path: string, cause: NodeJS.ErrnoException): never {
  throw new Error(`cannot read ${path}: ${reasons[cause.code ?? ''] ?? cause.message}`, { cause });
}
