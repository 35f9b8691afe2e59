import { type Disk, MillraceError } from '@millrace/core';

/**
 * What a file of the data directory holds that was written down as JSON.
 * @param isLegal tells whether it is what was written: a file that was damaged is not to be taken for another.
 * @throws {MillraceError} BROKER_DATA_DIRECTORY_INVALID, naming the file; DISK_IO
 */
export function readStored<T>(disk: Disk, path: string, isLegal: (stored: T) => boolean): T {
  const bytes = disk.readFile(path);
  try {
    const stored = JSON.parse(bytes.toString()) as T;
    if (isLegal(stored)) return stored;
  } catch {
    // Not told as the cause: the message quotes the file, which may hold what is nobody's business.
  }
  throw new MillraceError('BROKER_DATA_DIRECTORY_INVALID', `${path} is not readable`, {
    details: { path },
    hint: 'restore it from a copy',
  });
}

export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
