import type { ByteString } from '@millrace/data';
import { characterEnd } from '../string/characters.ts';

/** One step of a LIKE pattern: literal bytes, any one character, or any run of characters. */
type Step = { readonly kind: 'literal'; readonly bytes: ByteString } | { readonly kind: 'one' } | { readonly kind: 'any' };

/**
 * Compiles a LIKE pattern: `%` is any run of characters, `_` one character, `\` takes the meaning from the next `%`, `_` or `\`.
 * Patterns that only ask for a prefix, suffix or infix become the string operation itself.
 */
export function compileLike(pattern: ByteString): (text: ByteString) => boolean {
  const steps = parseLike(pattern);
  const kinds = steps.map((step) => step.kind).join(' ');
  const literal = steps.find((step) => step.kind === 'literal')?.bytes ?? '';
  switch (kinds) {
    case '':
    case 'literal':
      return (text) => text === literal;
    case 'any':
      return () => true;
    case 'literal any':
      return (text) => text.startsWith(literal);
    case 'any literal':
      return (text) => text.endsWith(literal);
    case 'any literal any':
      return (text) => text.includes(literal);
    default:
      return (text) => matchSteps(text, steps);
  }
}

function parseLike(pattern: ByteString): readonly Step[] {
  const steps: Step[] = [];
  let literal = '';
  const flush = () => {
    if (literal !== '') steps.push({ kind: 'literal', bytes: literal });
    literal = '';
  };
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '\\' && /[%_\\]/.test(pattern[i + 1] ?? '')) literal += pattern[++i];
    else if (char === '_') {
      flush();
      steps.push({ kind: 'one' });
    } else if (char === '%') {
      flush();
      if (steps.at(-1)?.kind !== 'any') steps.push({ kind: 'any' });
    } else literal += char;
  }
  flush();
  return steps;
}

/**
 * Greedy with one point of return: after a later `%` an earlier one never needs to take more, so the time is at most
 * the product of both lengths, whatever the pattern.
 */
function matchSteps(text: ByteString, steps: readonly Step[]): boolean {
  let at = 0;
  let step = 0;
  let anyStep = -1;
  let anyAt = 0;
  for (;;) {
    const current = steps[step];
    if (current === undefined) {
      if (at === text.length) return true;
    } else if (current.kind === 'any') {
      anyStep = step++;
      anyAt = at;
      continue;
    } else if (current.kind === 'literal' && text.startsWith(current.bytes, at)) {
      at += current.bytes.length;
      step++;
      continue;
    } else if (current.kind === 'one' && at < text.length) {
      at = characterEnd(text, at);
      step++;
      continue;
    }
    if (anyStep < 0 || anyAt >= text.length) return false;
    anyAt = characterEnd(text, anyAt);
    at = anyAt;
    step = anyStep + 1;
  }
}
