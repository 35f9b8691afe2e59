import type { SessionBoundaries } from '../ast.ts';
import type { Parser } from '../parser.ts';

/** Whether `[start, end]`, `(start, end)` or a mixture stands here: a bracket with a comma at its own level. */
export function atSessionBoundaries(p: Parser): boolean {
  if (p.at('[')) return true;
  if (!p.at('(')) return false;
  let depth = 0;
  for (let distance = 0; ; distance++) {
    const { key, kind } = p.peek(distance);
    if (kind === 'end') return false;
    if (key === '(' || key === '[') depth++;
    else if (key === ')' || key === ']') depth--;
    else if (key === ',' && depth === 1) return true;
    if (depth === 0) return false;
  }
}

/** A square bracket takes the boundary row in, a round one leaves it out. */
export function parseSessionBoundaries(p: Parser): SessionBoundaries {
  const opening = p.advance();
  const start = p.expression();
  p.expect(',');
  const end = p.expression();
  const endIncluded = p.at(']');
  p.expecting(']');
  if (endIncluded) p.advance();
  else p.close(')', opening);
  return { startCondition: start, endCondition: end, startIncluded: opening.key === '[', endIncluded };
}
