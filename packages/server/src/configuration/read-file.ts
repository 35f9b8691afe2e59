import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml';

/** One leaf of the file under its dotted name. */
export interface FileEntry {
  readonly name: string;
  readonly value: unknown;
  /** `millrace.yaml:3` */
  readonly origin: string;
}

/** Reads a YAML file into dotted keys. Syntax errors are added to `problems` with file and line. */
export function readConfigurationFile(path: string, problems: string[]): FileEntry[] {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, 'utf8'), { lineCounter: lines });
  const origin = (offset: number) => `${basename(path)}:${lines.linePos(offset).line}`;
  for (const { message, pos } of document.errors) problems.push(`${origin(pos[0])}: ${message.split('\n')[0]}`);
  if (document.errors.length > 0 || document.contents === null) return [];
  if (!isMap(document.contents)) {
    problems.push(`${basename(path)}:1: the file has to be a map of keys`);
    return [];
  }
  return entriesOf(document.contents, '', origin);
}

function entriesOf(map: YAMLMap, prefix: string, origin: (offset: number) => string): FileEntry[] {
  return map.items.flatMap((pair) => {
    const key = isScalar(pair.key) ? pair.key : null;
    const name = prefix + String(key?.value ?? pair.key);
    if (isMap(pair.value)) return entriesOf(pair.value, `${name}.`, origin);
    const value = pair.value === null ? null : (pair.value as { toJSON(): unknown }).toJSON();
    return [{ name, value, origin: origin(key?.range?.[0] ?? 0) }];
  });
}
