import type { Position } from './errors.ts';

/** The position of `source[offset … offset + length)`. */
export function positionAt(source: string, offset: number, length = 1): Position {
  let line = 1;
  let lineStart = 0;
  for (let at = source.indexOf('\n'); at !== -1 && at < offset; at = source.indexOf('\n', at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { offset, length, line, column: offset - lineStart + 1 };
}

/**
 * The caret frame: the line of the position, and under it carets as long as the piece, cut at 120 columns around it.
 * Tabs are printed as one space, so that the carets stand right.
 */
export function codeFrame(source: string, position: Position): string {
  const line = (source.split('\n')[position.line - 1] ?? '').replace(/[\t\r]/g, ' ');
  const at = position.column - 1;
  const from = Math.max(0, at - 80);
  const shown = line.slice(from, from + 120);
  const label = `${position.line} | `;
  const carets = '^'.repeat(Math.max(1, Math.min(position.length, shown.length - (at - from))));
  return `${label}${shown}\n${' '.repeat(label.length + at - from)}${carets}`;
}
