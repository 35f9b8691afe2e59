import type { PipeAttribute, PipeStage } from '../ast.ts';
import { quote, unquote } from '../lexer/string-literal.ts';
import type { Token } from '../lexer/token.ts';
import type { Parser } from '../parser.ts';

const stages = {
  EXTRACTOR: 'extractor',
  SOURCE: 'extractor',
  PROCESSOR: 'processor',
  CONNECTOR: 'connector',
  SINK: 'connector',
} as const;

/** The stage that a word names; undefined for other words. */
export function stageOf({ key }: Token): PipeStage['stage'] | undefined {
  return Object.hasOwn(stages, key) ? stages[key as keyof typeof stages] : undefined;
}

/** `EXTRACTOR | SOURCE | PROCESSOR | CONNECTOR | SINK ('key' = 'value', …)`, a comma behind the last or not. */
export function parsePipeStage(p: Parser): PipeStage {
  const { start } = p;
  const stage = stageOf(p.token);
  if (stage === undefined) {
    for (const word of Object.keys(stages)) p.expecting(word);
    return p.unexpected();
  }
  p.advance();
  return { stage, attributes: parseAttributes(p), start, end: p.end };
}

function parseAttributes(p: Parser): PipeAttribute[] {
  const opening = p.expect('(');
  const keys = new Set<string>();
  return p.list(')', opening, () => {
    const { token, start } = p;
    const key = parseText(p, 'a key in quotes');
    if (keys.has(key)) throw p.error(token, `the key ${quote(key, "'")} is written twice`);
    keys.add(key);
    p.expect('=');
    return { key, value: parseText(p, 'a value in quotes'), start, end: p.end };
  });
}

/** A text in single or double quotes. */
function parseText(p: Parser, what: string): string {
  const { token } = p;
  // As a name this would be nothing; as a value it is.
  if (token.text === '""') {
    p.advance();
    return '';
  }
  const isText = token.kind === 'string' || (token.kind === 'quoted' && token.text[0] === '"');
  if (!isText) {
    if (token.kind === 'quoted') p.hinting(`keys and values are texts: ${quote(unquote(token.text), "'")}`);
    else if (['word', 'number', 'duration'].includes(token.kind))
      p.hinting(`keys and values are written in quotes: ${quote(token.text, "'")}`);
    p.expecting(what);
    p.unexpected();
  }
  p.advance();
  return unquote(token.text);
}
