import type { Show, ShowCreate, ShowDeadLetters, ShowPipeDeadLetters, ShowPipePlugins, ShowPipes } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseStreamName } from '../query/stream-name.ts';
import { parseShowDeadLetters } from './dead-letters.ts';
import { parseFormat } from './format.ts';
import { parseLike } from './like.ts';
import { parseObjectWord } from './object-word.ts';
import { parseShowPipe, parseShowPipes } from './pipe.ts';
import { parseShowPipePlugins } from './pipe-plugin.ts';

const lists = {
  STREAMS: 'streams',
  TABLES: 'streams',
  VIEWS: 'views',
  QUERIES: 'queries',
  PROCESSLIST: 'queries',
  FUNCTIONS: 'functions',
  SETTINGS: 'settings',
  FORMATS: 'formats',
} as const;

/** `SHOW CREATE …`, or `SHOW` of a list with an optional pattern. */
export function parseShow(p: Parser): Show | ShowCreate | ShowDeadLetters | ShowPipeDeadLetters | ShowPipes | ShowPipePlugins {
  const { start } = p.advance();
  if (p.accept('CREATE')) return parseShowCreate(p, start);
  if (p.accept('DEAD', 'LETTERS')) return parseShowDeadLetters(p, start);
  if (p.accept('PIPES')) return parseShowPipes(p, start);
  if (p.accept('PIPE')) return parseShowPipe(p, start);
  if (p.accept('PIPEPLUGINS')) return parseShowPipePlugins(p, start);
  const what = parseList(p);
  const like = parseLike(p);
  const format = parseFormat(p);
  return { kind: 'show', what, like, format, start, end: p.end };
}

function parseList(p: Parser): Show['what'] {
  if (p.accept('MATERIALIZED', 'VIEWS')) return 'materialized_views';
  for (const [word, what] of Object.entries(lists)) if (p.accept(word)) return what;
  if (unsupportedLists.has(p.token.key)) p.notSupported(p.token, `SHOW ${p.token.key} is not supported`);
  return p.unexpected();
}

const unsupportedLists: ReadonlySet<string> = new Set([
  'DATABASES',
  'GRANTS',
  'PIPESERVER',
  'PIPESINK',
  'PIPESINKS',
  'PIPESINKTYPE',
  'ROLES',
  'USERS',
]);

function parseShowCreate(p: Parser, start: number): ShowCreate {
  const object = parseObject(p);
  const name = parseStreamName(p, 'the name of a stream or view');
  const format = parseFormat(p);
  return { kind: 'show_create', object, name, format, start, end: p.end };
}

function parseObject(p: Parser): ShowCreate['object'] {
  if (p.accept('MATERIALIZED', 'VIEW')) return 'view';
  const word = parseObjectWord(p, 'STREAM', 'TABLE', 'VIEW');
  if (word === null) return null;
  return word === 'VIEW' ? 'view' : 'stream';
}
