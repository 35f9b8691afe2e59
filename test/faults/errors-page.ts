import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../architecture/workspace.ts';

/** A row of docs/errors.md. */
export interface ErrorRow {
  readonly section: string;
  readonly situation: string;
  /** `62 SYNTAX_ERROR` over HTTP, `LISTEN_FAILED` on the command line, `–` where the message is no error. */
  readonly code: string;
  /** With `<…>` for what varies; null where nothing is said. */
  readonly message: string | null;
}

/** The rows of all tables of the page. */
export function errorRows(): ErrorRow[] {
  let section = '';
  const rows: ErrorRow[] = [];
  for (const line of readFileSync(join(root, 'docs/errors.md'), 'utf8').split('\n')) {
    section = line.match(/^## (.*)$/)?.[1] ?? section;
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (cells.length === 0 || cells[0] === 'situation' || /^[-: ]+$/.test(cells[0]!)) continue;
    if (cells.length !== 5) throw new Error(`a row of docs/errors.md has ${cells.length} cells: ${line}`);
    rows.push({ section, situation: cells[0]!, code: cells[1]!, message: cells[2]!.match(/^`(.*)`$/)?.[1] ?? null });
  }
  return rows;
}

/** Matches the line with which Millrace says what the row promises. */
export function lineOf({ code, message }: ErrorRow): RegExp {
  const pattern = (message ?? '')
    .split(/<[^<>]+>/)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.+?');
  const [number, name] = code.split(' ');
  if (name !== undefined) return new RegExp(`^Code: ${number}\\. DB::Exception: ${pattern}\\. \\(${name}\\)$`, 'm');
  return new RegExp(code === '–' ? `^\\s*${pattern}$` : `^${code}: ${pattern}$`, 'm');
}
