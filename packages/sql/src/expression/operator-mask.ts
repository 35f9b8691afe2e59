import { reservedWords } from '../lexer/keywords.ts';
import type { Token } from '../lexer/token.ts';
import { emptyMark, listMark, negatableMarks, symbolMarks, wordMarks } from './operators.ts';

/**
 * The text that jsep reads: as long as the source up to the end of its last token, so that offsets stay true, with every
 * operator as one mark, every other token as filler, and all else as spaces. So jsep needs to know nothing of words, cases, strings and comments.
 */
export function maskOperators(tokens: readonly Token[]): string {
  return new OperatorMask(tokens).text();
}

const filler = 'x';

class OperatorMask {
  readonly #tokens: readonly Token[];
  readonly #pieces: string[] = [];
  #at = 0;
  /** For each open bracket or CASE, how many BETWEEN still await their AND. */
  #awaiting: number[] = [0];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  text(): string {
    for (let index = 0; index < this.#tokens.length; index++) index += this.#mask(index);
    const last = this.#tokens.findLast(({ kind }) => kind !== 'end' && kind !== 'data');
    this.#put(last?.end ?? 0, '');
    return this.#pieces.join('');
  }

  /** Masks the token at `index`; returns how many tokens behind it were taken along. */
  #mask(index: number): number {
    const token = this.#tokens[index]!;
    const key = isMemberName(this.#tokens, index) ? '' : token.key;
    this.#follow(key);
    if (key === 'IS') return this.#maskIs(index);
    if (key === 'NOT') return this.#maskNot(index);
    if (key === 'AND') this.#put(token.start, this.#closesBetween() ? wordMarks.bounds : wordMarks.and);
    else if (key === 'OR') this.#put(token.start, wordMarks.or);
    else if (Object.hasOwn(negatableMarks, key)) this.#putNegatable(token, token, 0);
    else if (Object.hasOwn(symbolMarks, key)) this.#put(token.start, symbolMarks[key]!);
    else if (token.kind !== 'end' && token.kind !== 'data') this.#put(token.start, filler);
    return 0;
  }

  #maskIs(index: number): number {
    const negated = this.#tokens[index + 1]?.key === 'NOT';
    const length = negated ? 2 : 1;
    const { start } = this.#tokens[index]!;
    const isComplete = this.#tokens[index + length]?.key === 'NULL';
    if (isComplete) this.#put(start, (negated ? wordMarks.isNotNull : wordMarks.isNull) + emptyMark);
    else this.#put(start, filler);
    return isComplete ? length : 0;
  }

  /** NOT before an operand is an operator of its own; behind one it belongs to the IN, LIKE or BETWEEN that follows. */
  #maskNot(index: number): number {
    const token = this.#tokens[index]!;
    const next = this.#tokens[index + 1];
    const isInfix = endsOperand(this.#tokens, index - 1) && next !== undefined && Object.hasOwn(negatableMarks, next.key);
    if (!isInfix) {
      this.#put(token.start, emptyMark + wordMarks.not);
      return 0;
    }
    this.#follow(next.key);
    this.#putNegatable(token, next, 1);
    return 1;
  }

  #putNegatable(at: Token, word: Token, negated: 0 | 1): void {
    this.#put(at.start, negatableMarks[word.key]![negated]);
    if (word.key === 'IN') this.#put(word.start + 1, listMark);
  }

  #follow(key: string): void {
    if (key === '(' || key === '[' || key === 'CASE') this.#awaiting.push(0);
    else if (key === ')' || key === ']' || key === 'END') this.#awaiting.length > 1 && this.#awaiting.pop();
    else if (key === 'BETWEEN') this.#awaiting[this.#awaiting.length - 1]!++;
    else if (key === ';') this.#awaiting = [0];
  }

  #closesBetween(): boolean {
    const level = this.#awaiting.length - 1;
    if (this.#awaiting[level] === 0) return false;
    this.#awaiting[level]!--;
    return true;
  }

  #put(at: number, text: string): void {
    if (at > this.#at) this.#pieces.push(' '.repeat(at - this.#at));
    this.#pieces.push(text);
    this.#at = at + text.length;
  }
}

/** Words that are no operand where an expression follows, and may be a column elsewhere. */
const expressionWords: ReadonlySet<string> = new Set(['BY', 'DEFAULT', 'OFFSET', 'ON']);
const literalWords: ReadonlySet<string> = new Set(['NULL', 'TRUE', 'FALSE', 'END']);

function endsOperand(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token === undefined) return false;
  if (token.kind === 'symbol') return token.key === ')' || token.key === ']' || token.key === '}';
  if (token.kind !== 'word' || isMemberName(tokens, index) || literalWords.has(token.key)) return true;
  // `DEFAULT NOT like(a, b)`: the function, not the operator behind a column.
  if (expressionWords.has(token.key)) return tokens[index + 3]?.key !== '(';
  return !reservedWords.has(token.key);
}

/** Whether a word is a name whatever it is: behind a dot, in a JSON path, in a placeholder. */
function isMemberName(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.key;
  return tokens[index]!.kind === 'word' && (before === '.' || before === ':' || before === '{');
}
