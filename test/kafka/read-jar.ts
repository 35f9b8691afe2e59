import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const stored = 0;

/** The files of a jar (a zip archive of the plain kind) whose names match, as text by name. */
export function readJar(path: string, pattern: RegExp): Map<string, string> {
  const archive = readFileSync(path);
  let end = archive.length - 22;
  while (archive.readUInt32LE(end) !== endOfDirectory) end--;
  const files = new Map<string, string>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw new Error(`${path} has a damaged directory`);
    const nameEnd = at + 46 + archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, nameEnd);
    if (pattern.test(name)) files.set(name, contentOf(archive, at));
    at = nameEnd + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return files;
}

function contentOf(archive: Buffer, entry: number): string {
  const header = archive.readUInt32LE(entry + 42);
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const bytes = archive.subarray(start, start + archive.readUInt32LE(entry + 20));
  return (archive.readUInt16LE(entry + 10) === stored ? bytes : inflateRawSync(bytes)).toString();
}
