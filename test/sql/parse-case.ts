/** One step of a SQL case, with the line it stands on. */
export type Step = { readonly line: number } & (
  | { readonly kind: 'statement'; readonly sql: string }
  | { readonly kind: 'query'; readonly name: string; readonly fromEarliest: boolean; readonly sql: string }
  | { readonly kind: 'batch'; readonly stream: string; readonly partition: number; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'raw'; readonly stream: string; readonly partition: number; readonly values: readonly string[] }
  | { readonly kind: 'expect'; readonly name: string; readonly rows: readonly string[] }
  | { readonly kind: 'answer'; readonly rows: readonly string[] }
  | { readonly kind: 'error'; readonly name: string | null; readonly pattern: string }
  | { readonly kind: 'late' | 'undecodable'; readonly name: string; readonly count: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'ends' | 'replay'; readonly name: string }
);

/**
 * Parses a case. Steps stand one a line, SQL may run over several lines up to its `;`. `#` at the start of a line comments.
 *
 * ```
 * CREATE STREAM s (…) …;          any statement, run to its end
 * answer: a 1 | b 2                what the statement before it answered, as TSV fields
 * error: 60 unknown stream         the statement before it failed: number, and a piece of the text
 * query q: SELECT …;               starts a query that goes on; `query q from earliest:` reads history first
 * batch s: a 1 00:01 | b 2 00:02   one record batch: fields by column, `-` leaves a field out, `s/1` names the partition
 * raw s: {broken                   record values as they stand
 * expect q: 00:00 3                exactly these rows are new, in this order; `nothing` for none
 * late q: 1                        so many rows are late by now; `undecodable q: 1` likewise
 * advance 5s                       moves the clock
 * ends q                           the query has ended by itself; `error q: 394 …` with an error
 * replay q                         the same query over history gives all its rows again
 * ```
 * Times are written `mm:ss[.fff]` of the first hour of 2020-01-01.
 */
export function parseCase(text: string): Step[] {
  const steps: Step[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1;
    const trimmed = lines[index]!.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const directive = trimmed.match(/^(batch|raw|expect|answer|error|late|undecodable|advance|ends|replay)\b\s*([^:]*?)(?::\s*(.*))?$/s);
    if (directive) {
      steps.push({ line, ...parseDirective(directive[1]!, directive[2]!.trim(), directive[3] ?? '', line) });
      continue;
    }
    const sqlLines = [lines[index]!];
    while (!/;\s*$/.test(sqlLines.at(-1)!) && index + 1 < lines.length) sqlLines.push(lines[++index]!);
    const sql = sqlLines.join('\n').trim();
    const query = sql.match(/^query\s+(\w+)(\s+from earliest)?:\s*([\s\S]*)$/);
    if (query) steps.push({ line, kind: 'query', name: query[1]!, fromEarliest: query[2] !== undefined, sql: query[3]! });
    else steps.push({ line, kind: 'statement', sql });
  }
  return steps;
}

type Directive = Step extends infer S ? (S extends Step ? Omit<S, 'line'> : never) : never;

function parseDirective(word: string, subject: string, rest: string, line: number): Directive {
  const [stream = '', partition = '0'] = subject.split('/');
  switch (word) {
    case 'batch':
      return { kind: 'batch', stream, partition: Number(partition), rows: splitRows(rest).map(splitFields) } as Directive;
    case 'raw':
      return { kind: 'raw', stream, partition: Number(partition), values: splitRows(rest) } as Directive;
    case 'expect':
      return { kind: 'expect', name: subject, rows: rest === 'nothing' ? [] : splitRows(rest).map(normalise) } as Directive;
    case 'answer':
      return { kind: 'answer', rows: rest === 'nothing' ? [] : splitRows(rest).map(normalise) } as Directive;
    case 'error':
      return { kind: 'error', name: subject === '' ? null : subject, pattern: rest } as Directive;
    case 'late':
    case 'undecodable':
      return { kind: word, name: subject, count: Number(rest) } as Directive;
    case 'advance': {
      const match = subject.match(/^(\d+)(ms|s|m)$/);
      if (!match) throw new Error(`line ${line}: advance takes an amount such as 5s`);
      return { kind: 'advance', ms: Number(match[1]) * { ms: 1, s: 1_000, m: 60_000 }[match[2] as 'ms' | 's' | 'm'] } as Directive;
    }
    default:
      return { kind: word, name: subject } as Directive;
  }
}

function splitRows(text: string): string[] {
  return text.split(' | ').map((row) => row.trim());
}

/** Fields are parted by white space; `'…'` holds a field with white space or nothing in it. */
function splitFields(row: string): string[] {
  return [...row.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2]!);
}

/** Expected rows and answered rows are compared in the same short form. */
function normalise(row: string): string {
  return splitFields(row).join('\t');
}

const hour = '2020-01-01 00:';

/** `01:02.5` → `2020-01-01 00:01:02.5`; anything else stays. */
export function expandTime(field: string): string {
  return /^\d\d:\d\d(\.\d+)?$/.test(field) ? hour + field : field;
}

/** The short form of an answered row: times of that hour without date and hour, no `.000`. */
export function shortenRow(row: string): string {
  return row
    .split('\t')
    .map((field) => (field.startsWith(hour) ? field.slice(hour.length).replace(/\.0+$/, '') : field))
    .join('\t');
}
