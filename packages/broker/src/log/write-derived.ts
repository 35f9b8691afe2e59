import type { Disk } from '@millrace/core';

/**
 * Replaces a file whose content carries a checksum and can be had from the log again. It is not waited for stable storage: the end of the
 * process leaves the old or the new content, a loss of power perhaps a torn one, which its reader does not believe.
 * @throws {MillraceError} DISK_FULL, DISK_IO
 */
export function writeDerived(disk: Disk, path: string, content: Uint8Array): void {
  const temporary = `${path}.new`;
  const file = disk.open(temporary, 'create');
  try {
    file.write([content], 0);
  } finally {
    file.close();
  }
  disk.rename(temporary, path);
}
