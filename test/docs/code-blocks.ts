import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../architecture/workspace.ts';

/** A fenced block of a page. */
export interface CodeBlock {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export function codeBlocks(page: string): CodeBlock[] {
  const lines = readFileSync(join(root, page), 'utf8').split('\n');
  const blocks: CodeBlock[] = [];
  let open: { line: number; language: string } | null = null;
  let text: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('```')) {
      if (open !== null) text.push(line);
      continue;
    }
    if (open === null) open = { line: index + 1, language: line.slice(3).trim() };
    else {
      blocks.push({ page, ...open, text: text.join('\n') });
      open = null;
      text = [];
    }
  }
  return blocks;
}
