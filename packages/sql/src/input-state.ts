import { lex } from './lexer/lex.ts';
import type { Token } from './lexer/token.ts';

/** What is open at the end of a text: its kind, the characters that opened it, and where they stand. */
export interface OpenConstruct {
  readonly kind: 'string' | 'name' | 'comment' | 'bracket';
  readonly text: string;
  readonly offset: number;
}

/** How far a text that is being typed has come. */
export interface InputState {
  /** True if the text ends behind the `;` of a statement: then it may be run. */
  readonly complete: boolean;
  /** True if the text holds no statement at all: white space and comments. */
  readonly empty: boolean;
  /** What must be closed before a `;` ends the statement. */
  readonly open: OpenConstruct | null;
}

/** One statement of a script, `;` left out: `source.slice(start, end)`. */
export interface StatementText {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Says for an interactive shell whether what was typed so far can be run, or what it still waits for. Never throws.
 * Data behind `INSERT … FORMAT name` is complete as soon as it is there: it has no end of its own.
 */
export function inputState(source: string): InputState {
  const tokens = lex(source).filter((token) => token.kind !== 'comment');
  const last = tokens.at(-2);
  const open = openConstruct(tokens);
  const complete = last !== undefined && open === null && (last.key === ';' || last.kind === 'data');
  return { complete, empty: last === undefined, open };
}

/** Whether the text ends behind the `;` of a statement, outside strings, comments and brackets. @see {@link inputState} */
export function isComplete(source: string): boolean {
  return inputState(source).complete;
}

function openConstruct(tokens: readonly Token[]): OpenConstruct | null {
  const unclosed = tokens.find((token) => token.problem?.opening);
  if (unclosed !== undefined) return { ...openingOf(unclosed), offset: unclosed.start };
  const brackets: Token[] = [];
  for (const token of tokens) {
    if (token.key === '(' || token.key === '[' || token.key === '{') brackets.push(token);
    else if (token.key === ')' || token.key === ']' || token.key === '}') brackets.pop();
  }
  const innermost = brackets.at(-1);
  return innermost === undefined ? null : { kind: 'bracket', text: innermost.text, offset: innermost.start };
}

function openingOf({ text }: Token): Pick<OpenConstruct, 'kind' | 'text'> {
  if (text.startsWith('/*')) return { kind: 'comment', text: '/*' };
  if (text[0] === '$') return { kind: 'string', text: text.slice(0, text.indexOf('$', 1) + 1) };
  return { kind: text[0] === "'" ? 'string' : 'name', text: text[0]! };
}

/**
 * Cuts a script at its `;`, without parsing the statements. Never throws, whatever the text; pieces without a statement are left out.
 * Statements that follow each other without `;` stay together: {@link parseStatements} tells them apart.
 */
export function splitStatements(source: string): readonly StatementText[] {
  const statements: StatementText[] = [];
  let first: Token | null = null;
  let end = 0;
  for (const token of lex(source)) {
    if (token.kind === 'comment') continue;
    if (token.key === ';' || token.kind === 'end') {
      if (first !== null) statements.push({ text: source.slice(first.start, end), start: first.start, end });
      first = null;
    } else {
      first ??= token;
      end = token.end;
    }
  }
  return statements;
}
