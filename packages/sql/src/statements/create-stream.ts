import type { ColumnDefinition, CreateStream, Expression } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseSettings } from '../query/settings.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseColumnDefinition } from './column-definition.ts';
import { parseIfNotExists } from './if-exists.ts';

type Options = Pick<CreateStream, 'primaryKey' | 'settings' | 'comment'>;

/** What follows `CREATE STREAM` or `CREATE TABLE`. */
export function parseCreateStream(p: Parser, start: number): CreateStream {
  const ifNotExists = parseIfNotExists(p);
  const name = parseStreamName(p, 'the name of the stream');
  refuseQuery(p);
  const columns = parseColumns(p);
  const options = parseOptions(p);
  return { kind: 'create_stream', ifNotExists, name, columns, ...options, start, end: p.end };
}

function refuseQuery(p: Parser): void {
  if (p.at('AS'))
    p.notSupported(p.token, 'CREATE STREAM … AS is not supported', 'create the stream with its columns, then INSERT INTO … SELECT');
}

function parseColumns(p: Parser): ColumnDefinition[] {
  p.hinting('the columns stand in brackets: (name type, …)');
  const opening = p.expect('(');
  if (p.at(')')) {
    p.expecting('a column');
    p.unexpected();
  }
  const columns: ColumnDefinition[] = [];
  do columns.push(parseColumnDefinition(p));
  while (p.accept(',') && !p.at(')'));
  p.hintMissingComma();
  p.close(')', opening);
  return columns;
}

/** PRIMARY KEY, COMMENT and SETTINGS, in any order. */
function parseOptions(p: Parser): Options {
  const options: { -readonly [Name in keyof Options]: Options[Name] } = { primaryKey: [], settings: [], comment: null };
  const written = new Set<string>();
  for (;;) {
    const { token } = p;
    if (written.has(token.key)) throw p.error(token, `${token.key} is written twice`);
    written.add(token.key);
    if (p.accept('PRIMARY', 'KEY')) options.primaryKey = parsePrimaryKey(p);
    else if (p.accept('COMMENT')) options.comment = p.string('a comment in quotes');
    else if (p.accept('SETTINGS')) options.settings = parseSettings(p);
    else {
      refuseTableOptions(p);
      return options;
    }
  }
}

function parsePrimaryKey(p: Parser): Expression[] {
  if (!p.at('(')) return [p.operand()];
  const opening = p.advance();
  return p.list(')', opening, () => p.expression());
}

const tableOptionHints: Readonly<Record<string, string>> = {
  ENGINE: 'a stream is a Kafka topic and has no engine: leave ENGINE out, and use SETTINGS',
  ORDER: 'a stream keeps the order of its topic: leave ORDER BY out',
  PARTITION: 'the number of partitions is a setting: SETTINGS shards=3',
  TTL: 'how long records are kept is a setting: SETTINGS retention_ms=86400000',
};

function refuseTableOptions(p: Parser): void {
  const { token } = p;
  const hint = token.kind === 'word' ? tableOptionHints[token.key] : undefined;
  if (hint !== undefined) p.notSupported(token, `${token.key} in CREATE STREAM is not supported`, hint);
}
