import { createHash, type Hash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 of a file, or of all files of a folder with their names, in hexadecimal. Links in a folder are not followed. */
export async function packageDigest(path: string): Promise<string> {
  const hash = createHash('sha256');
  if ((await stat(path)).isDirectory()) await addFolder(hash, path, '');
  else hash.update(await readFile(path));
  return hash.digest('hex');
}

async function addFolder(hash: Hash, root: string, folder: string): Promise<void> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) await addFolder(hash, root, name);
    else if (entry.isFile()) hash.update(`${name}\0`).update(await readFile(join(root, name)));
  }
}
