import { keywords, type SyntaxToken, tokenize } from '@millrace/sql';
import { quoteName } from '../output/sql-text.ts';

/** Where names come from. */
export interface NameSource {
  streams(): Promise<readonly string[]>;
  columns(quotedName: string): Promise<readonly string[]>;
  functions(): Promise<readonly string[]>;
  formats(): Promise<readonly string[]>;
}

/** What could stand where a word has been begun. */
export interface Completion {
  /** The piece of a word that is there. */
  readonly begun: string;
  readonly candidates: readonly string[];
}

/** Behind these words only a stream can stand; behind the first group also a window over one. */
const sourceWords = new Set(['FROM', 'JOIN']);
const streamWords = new Set(['INTO', 'DESCRIBE', 'DESC', 'STREAM', 'VIEW', 'TABLE', 'TRUNCATE', 'CREATE']);
const sourceFunctions = ['table(', 'tumble(', 'hop('];

/** What can be typed next, given all that stands before the cursor. */
export async function complete(text: string, names: NameSource): Promise<Completion> {
  const begun = text.match(/[A-Za-z_]\w*$/)?.[0] ?? '';
  const tokens = tokenize(text.slice(0, text.length - begun.length)).filter(({ kind }) => kind !== 'comment');
  if (tokens.at(-1)?.kind === 'invalid') return { begun, candidates: [] };
  return { begun, candidates: await candidates(begun, tokens, names) };
}

async function candidates(begun: string, tokens: readonly SyntaxToken[], names: NameSource): Promise<string[]> {
  const last = tokens.at(-1)?.text.toUpperCase() ?? '';
  if (last === 'FORMAT') return matching(begun, await names.formats());
  const streams = (await names.streams()).map(quoteName);
  if (sourceWords.has(last)) return matching(begun, [...streams, ...sourceFunctions]);
  const isSourceFunction = last === '(' && sourceFunctions.includes(`${tokens.at(-2)?.text.toLowerCase()}(`);
  if (streamWords.has(last) || isSourceFunction) return [...matching(begun, streams), ...(isSourceFunction ? [] : matchingKeywords(begun))];
  const columns = await columnsInReach(tokens, streams, names);
  if (last === '.') return matching(begun, columns);
  // Without a letter to go by, a list of every function there is helps nobody.
  if (begun === '') return tokens.length === 0 ? matchingKeywords('').filter((word) => openingWords.has(word)) : columns;
  const functions = (await names.functions()).map((name) => `${name}(`);
  return [...matching(begun, [...columns, ...functions, ...streams]), ...matchingKeywords(begun)];
}

const openingWords = new Set([
  'ALTER',
  'CREATE',
  'DESCRIBE',
  'DROP',
  'EXPLAIN',
  'INSERT',
  'KILL',
  'SELECT',
  'SHOW',
  'START',
  'STOP',
  'TRUNCATE',
  'WITH',
]);

/** Columns of all streams that the statement names. */
async function columnsInReach(tokens: readonly SyntaxToken[], streams: readonly string[], names: NameSource): Promise<string[]> {
  const named = new Set(tokens.map(({ text }) => text).filter((text) => streams.includes(text)));
  const columns = await Promise.all([...named].map((stream) => names.columns(stream)));
  return columns.flat().map(quoteName);
}

function matching(begun: string, words: readonly string[]): string[] {
  return [...new Set(words.filter((word) => word.startsWith(begun)))].sort();
}

/** Keywords in the case of the letters that are there. */
function matchingKeywords(begun: string): string[] {
  const upper = begun.toUpperCase();
  const isLower = begun !== '' && begun === begun.toLowerCase();
  if (!isLower && begun !== upper) return [];
  return keywords.filter((word) => word.startsWith(upper)).map((word) => (isLower ? word.toLowerCase() : word));
}
