import type { Expression, OrderItem, Select } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseEmit } from './emit.ts';
import { parseSettings } from './settings.ts';

type Clauses = Omit<Select, 'kind' | 'start' | 'end' | 'distinct' | 'items' | 'from'>;
type Draft = { -readonly [Name in keyof Clauses]: Clauses[Name] };

/**
 * The clauses behind FROM, in the order in which they are written. EMIT and SETTINGS change places with each other and with
 * ORDER BY … OFFSET as users write them: they only stand behind HAVING.
 */
const ranks = { WHERE: 1, PARTITION: 2, GROUP: 3, HAVING: 4, ORDER: 5, LIMIT: 6, OFFSET: 7, EMIT: 5, SETTINGS: 5 } as const;
type ClauseWord = keyof typeof ranks;
const floating: ReadonlySet<string> = new Set<ClauseWord>(['EMIT', 'SETTINGS']);
const titles: Readonly<Record<ClauseWord, string>> = {
  WHERE: 'WHERE',
  PARTITION: 'PARTITION BY',
  GROUP: 'GROUP BY',
  HAVING: 'HAVING',
  ORDER: 'ORDER BY',
  LIMIT: 'LIMIT',
  OFFSET: 'OFFSET',
  EMIT: 'EMIT',
  SETTINGS: 'SETTINGS',
};
const order =
  'the order is SELECT … FROM … WHERE … PARTITION BY … GROUP BY … HAVING … ORDER BY … LIMIT … OFFSET … EMIT … SETTINGS … FORMAT';

/** Everything behind FROM but UNION and FORMAT. */
export function parseClauses(p: Parser): Clauses {
  return new ClauseParser(p).parse();
}

class ClauseParser {
  readonly #p: Parser;
  readonly #written = new Set<string>();
  #last: ClauseWord | null = null;
  #rank = 0;
  readonly #draft: Draft = {
    where: null,
    partitionBy: [],
    groupBy: [],
    having: null,
    orderBy: [],
    limitBy: null,
    limit: null,
    offset: null,
    emit: null,
    settings: [],
  };

  constructor(p: Parser) {
    this.#p = p;
  }

  parse(): Clauses {
    for (let word = this.#nextWord(); word !== null; word = this.#nextWord()) {
      this.#checkOrder(word);
      this.#parseClause(word);
    }
    this.#expectMore();
    return this.#draft;
  }

  #nextWord(): ClauseWord | null {
    const { key } = this.#p.token;
    return Object.hasOwn(ranks, key) ? (key as ClauseWord) : null;
  }

  #checkOrder(word: ClauseWord): void {
    const p = this.#p;
    const isLimitBehindLimitBy = word === 'LIMIT' && this.#draft.limit === null;
    if (this.#written.has(word) && !isLimitBehindLimitBy) throw p.error(p.token, `${titles[word]} is written twice`);
    if (ranks[word] < this.#rank && !floating.has(word)) {
      throw p.error(p.token, `${titles[word]} stands behind ${titles[this.#last!]}`, order);
    }
    this.#written.add(word);
    if (ranks[word] >= this.#rank) this.#last = word;
    this.#rank = Math.max(this.#rank, ranks[word]);
  }

  #parseClause(word: ClauseWord): void {
    const p = this.#p;
    const draft = this.#draft;
    p.advance();
    if (word === 'WHERE') draft.where = p.expression();
    else if (word === 'PARTITION') draft.partitionBy = parseKeys(p);
    else if (word === 'GROUP') draft.groupBy = parseKeys(p);
    else if (word === 'HAVING') draft.having = p.expression();
    else if (word === 'ORDER') draft.orderBy = parseOrder(p);
    else if (word === 'LIMIT') this.#parseLimit();
    else if (word === 'OFFSET') draft.offset = this.#parseOffset();
    else if (word === 'EMIT') draft.emit = parseEmit(p);
    else draft.settings = parseSettings(p);
  }

  /** `LIMIT n`, `LIMIT offset, n`, or `LIMIT n BY key, …`. */
  #parseLimit(): void {
    const p = this.#p;
    const { start } = p;
    const first = p.expression();
    if (this.#draft.limitBy === null && p.accept('BY')) {
      this.#draft.limitBy = { limit: first, keys: parseExpressions(p), start, end: p.end };
    } else if (p.accept(',')) {
      this.#draft.limit = p.expression();
      this.#draft.offset = first;
      this.#written.add('OFFSET');
    } else this.#draft.limit = first;
  }

  #parseOffset(): Expression {
    const p = this.#p;
    const offset = p.expression();
    if (p.at('ROW') || p.at('ROWS')) p.advance();
    return offset;
  }

  /** What else could have stood here, for the error that may follow. */
  #expectMore(): void {
    for (const word of Object.keys(ranks) as ClauseWord[]) {
      const isPossible = !this.#written.has(word) && (floating.has(word) || ranks[word] >= this.#rank);
      if (isPossible) this.#p.expecting(titles[word]);
    }
  }
}

function parseKeys(p: Parser): Expression[] {
  p.expect('BY');
  return parseExpressions(p);
}

function parseExpressions(p: Parser): Expression[] {
  const expressions = [p.expression()];
  while (p.accept(',')) expressions.push(p.expression());
  p.hintMissingComma();
  return expressions;
}

function parseOrder(p: Parser): OrderItem[] {
  p.expect('BY');
  const items = [parseOrderItem(p)];
  while (p.accept(',')) items.push(parseOrderItem(p));
  p.hintMissingComma();
  return items;
}

function parseOrderItem(p: Parser): OrderItem {
  const { start } = p;
  const expression = p.expression();
  const descending = p.accept('DESC');
  if (!descending) p.accept('ASC');
  const nulls = p.accept('NULLS') ? parseNulls(p) : null;
  return { expression, descending, nulls, start, end: p.end };
}

function parseNulls(p: Parser): 'first' | 'last' {
  if (p.accept('FIRST')) return 'first';
  p.expect('LAST');
  return 'last';
}
