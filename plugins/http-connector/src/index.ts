import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type AttributeValues, a, BadRecord, Clock, defineConnector, type RowsEvent, type TransferContext } from '@millrace/sdk';
import { HttpTarget } from './http-target.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { cutRows, halve, type RequestLimits, type RowRange } from './row-range.ts';

const compress = promisify(gzip);

const header = a.string({ pattern: /[!#$%&'*+.^_`|~0-9A-Za-z-]+=[\t\x20-\x7e\x80-\xff]*/, legal: 'name=text' });

const shape = {
  url: a.url().describe("where to send; {stream} is replaced by the stream's name").example('http://127.0.0.1:8080/in/{stream}'),
  method: a.choice('POST', 'PUT', 'PATCH').describe('how').default('POST'),
  format: a
    .choice('ndjson', 'json-array', 'json')
    .describe('what a request holds: a line of JSON for each row, an array of rows, or a single row')
    .default('ndjson'),
  headers: a.list(header).describe('headers of every request').example('X-Site=7,X-Env=test').optional(),
  'secret-headers': a.secret().describe('more of them, as `headers`: name=text with commas between').optional(),
  token: a.secret().describe('sent as Authorization: Bearer …').optional(),
  user: a.string().describe('with `password`, sent as Authorization: Basic …').optional(),
  password: a.secret().describe('the password of `user`').optional(),
  'batch.max-rows': a.integer({ min: 1 }).describe('most rows in a request').default('1000'),
  'batch.max-size': a
    .size({ min: 1 })
    .describe('most bytes of JSON in a request, before compression; a larger row goes alone')
    .default('1MiB'),
  compression: a.choice('none', 'gzip').describe('of the bodies').default('none'),
  timeout: a.duration({ min: 1 }).describe('how long an answer may take').default('30s'),
  'idempotency.header': a
    .string({ pattern: /[!#$%&'*+.^_`|~0-9A-Za-z-]+/, legal: 'the name of a header' })
    .describe('header that is the same when the same rows are sent again')
    .default('Idempotency-Key'),
};
type Attributes = AttributeValues<typeof shape>;

interface Resource {
  readonly target: HttpTarget;
  readonly url: URL;
  readonly format: Attributes['format'];
  readonly limits: RequestLimits;
  readonly isCompressed: boolean;
  readonly keyHeader: string;
  readonly signal: AbortSignal;
}

const contentTypes: Readonly<Record<Attributes['format'], string>> = {
  ndjson: 'application/x-ndjson',
  'json-array': 'application/json',
  json: 'application/json',
};

export default defineConnector({
  name: 'http-connector',
  summary: 'Posts rows as JSON to a web service, in their order; at least once.',
  attributes: a.object(shape).check(problemsOf),
  inject: { clock: Clock },
  async open({ attributes, clock, signal }): Promise<Resource> {
    const { url, method, format, timeout, compression } = attributes;
    const target = new HttpTarget({ method, headers: commonHeaders(attributes), timeoutMs: timeout, clock });
    await target.reach(url, signal);
    const limits = { maxRows: format === 'json' ? 1 : attributes['batch.max-rows'], maxBytes: attributes['batch.max-size'] };
    const keyHeader = attributes['idempotency.header'];
    return { target, url, format, limits, isCompressed: compression === 'gzip', keyHeader, signal };
  },
  async heartbeat({ target, url, signal }) {
    await target.reach(url, signal);
  },
  async transfer(resource, event, context) {
    const lines = Array.from({ length: event.rowCount }, (_, row) => event.json(row));
    const sizes = lines.map((line) => Buffer.byteLength(line));
    for (const range of cutRows(sizes, resource.limits)) await deliver(resource, event, lines, range, context);
  },
});

/** Where the target refuses several rows together, halves of them show which one it means; those before it are delivered by then. */
async function deliver(
  resource: Resource,
  event: RowsEvent,
  lines: readonly string[],
  range: RowRange,
  context: TransferContext,
): Promise<void> {
  const { target, format, isCompressed, keyHeader } = resource;
  const text = bodyOf(lines.slice(range.start, range.end), format);
  const body = isCompressed ? await compress(text) : Buffer.from(text);
  const headers = { [keyHeader]: idempotencyKey(event, range, text, context) };
  const refused = await target.send(urlOf(resource.url, event.stream), body, headers, context.signal);
  if (refused === undefined) return;
  if (range.end - range.start === 1) throw new BadRecord(range.start, refused.message);
  for (const half of halve(range)) await deliver(resource, event, lines, half, context);
}

function bodyOf(lines: readonly string[], format: Attributes['format']): string {
  if (format === 'ndjson') return `${lines.join('\n')}\n`;
  return format === 'json-array' ? `[${lines.join(',')}]` : lines.join('');
}

function urlOf(url: URL, stream: string): URL {
  return new URL(url.href.replaceAll(/\{stream\}|%7bstream%7d/gi, () => encodeURIComponent(stream)));
}

function commonHeaders({ headers = [], token, user, password, format, compression, ...given }: Attributes): Record<string, string> {
  return {
    'content-type': contentTypes[format],
    'user-agent': 'millrace',
    ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(user !== undefined && { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` }),
    ...Object.fromEntries([...headers, ...secretHeaders(given['secret-headers'])].map(nameAndText)),
  };
}

function nameAndText(given: string): readonly [string, string] {
  const end = given.indexOf('=');
  return [given.slice(0, end).toLowerCase(), given.slice(end + 1)];
}

function secretHeaders(text: string | undefined): readonly string[] {
  return text === undefined ? [] : a.list(header).read(text);
}

function problemsOf({ url, token, user, password, headers = [], ...given }: Attributes): string[] {
  const problems: string[] = [];
  if (headers.some((each) => nameAndText(each)[0] === 'authorization')) {
    problems.push("'headers' would show the credentials in Authorization: give them as 'token', 'user', or 'secret-headers'");
  }
  try {
    secretHeaders(given['secret-headers']);
  } catch {
    problems.push(`'secret-headers' are not ${header.description.legal}, with commas between`);
  }
  if (url.username !== '' || url.password !== '') problems.push("'url' holds credentials: give them as 'user' and 'password'");
  if (token !== undefined && user !== undefined) problems.push("'token' and 'user' exclude each other");
  if (user === undefined && password !== undefined) problems.push("'password' needs 'user'");
  return problems;
}
