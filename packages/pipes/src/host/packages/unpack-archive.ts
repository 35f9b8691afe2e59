import { mkdir, rm } from 'node:fs/promises';
import { MillraceError } from '@millrace/core';
import { extract } from 'tar';
import { messageOf } from '../stages/hook-failure.ts';

/** Bounds on what comes out of an archive. */
const mostBytes = 512 * 1024 * 1024;
const mostEntries = 100_000;

/**
 * Unpacks what `npm pack` makes into a folder, which is made. Plain files and folders only: nothing can come to stand elsewhere.
 * @throws {MillraceError} PLUGIN_INVALID, and the folder is gone
 */
export async function unpackArchive(archive: string, folder: string): Promise<void> {
  let [bytes, entries] = [0, 0];
  let refusal: string | undefined;
  const accept = (path: string, type: string, size: number): boolean => {
    bytes += size;
    if (++entries > mostEntries) refusal ??= `it holds more than ${mostEntries} files`;
    else if (bytes > mostBytes) refusal ??= `it holds more than ${mostBytes / 1024 / 1024} MiB`;
    else if (type !== 'File' && type !== 'OldFile' && type !== 'Directory')
      refusal ??= `${path} is a ${type}: only files and folders are taken`;
    else if (path.startsWith('/') || /^[a-z]:/i.test(path) || path.split(/[\\/]/).includes('..'))
      refusal ??= `${path} leads out of the package`;
    return refusal === undefined;
  };
  await mkdir(folder, { recursive: true });
  try {
    await extract({
      file: archive,
      cwd: folder,
      strip: 1,
      strict: true,
      filter: (path, entry) => accept(path, 'type' in entry ? entry.type : 'File', entry.size ?? 0),
    });
  } catch (cause) {
    refusal ??= messageOf(cause);
  }
  if (refusal === undefined) return;
  await rm(folder, { recursive: true, force: true });
  throw new MillraceError('PLUGIN_INVALID', `the archive cannot be unpacked: ${refusal}`);
}
