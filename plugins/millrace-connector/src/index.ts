import { createHash } from 'node:crypto';
import {
  type AttributeValues,
  a,
  BadRecord,
  type Column,
  defineConnector,
  type RowsEvent,
  Streams,
  type TransferContext,
} from '@millrace/sdk';
import { type Answer, Deployment, refusal } from './deployment.ts';
import { ingestBody } from './ingest-rows.ts';
import { RequestIds } from './request-ids.ts';
import { TargetStreams } from './target-streams.ts';

const host = a.string({ pattern: /(\[[0-9a-fA-F:.]+\]|[^\s:,/[\]]+):\d{1,5}/, legal: 'host:port' });

const shape = {
  hosts: a
    .list(host)
    .describe('HTTP interfaces of the other deployment; where one does not answer, the next is asked')
    .example('10.0.0.1:8123,10.0.0.2:8123'),
  user: a.string().describe('as whom').optional(),
  password: a.secret().describe('the password of `user`').optional(),
  secure: a.boolean().describe('HTTPS').default('false'),
  stream: a.string().describe("stream to write to; {stream} is replaced by the stream's name on this side").default('{stream}'),
  'create-streams': a.boolean().describe('make streams that are missing over there, with the columns of the rows').default('false'),
  'batch.max-rows': a.integer({ min: 1 }).describe('most rows in a request').default('10000'),
  timeout: a.duration({ min: 1 }).describe('how long an answer may take').default('30s'),
};
type Attributes = AttributeValues<typeof shape>;

interface Resource {
  readonly deployment: Deployment;
  readonly streams: TargetStreams;
  readonly stream: string;
  readonly maxRows: number;
  readonly signal: AbortSignal;
}

interface Target {
  readonly name: string;
  /** Of the event, those that it has. */
  readonly columns: readonly Column[];
  readonly takesEventTime: boolean;
}

/** A connector is opened anew where the answer to a request was lost: what it was called is needed beyond that. */
const requestIds = new RequestIds();

/** Numbers of errors that are about values: CANNOT_PARSE_INPUT_ASSERTION_FAILED, TYPE_MISMATCH. */
const valueErrors: ReadonlySet<number | undefined> = new Set([27, 53]);

export default defineConnector({
  name: 'millrace-connector',
  summary: 'Writes rows into streams of another Millrace over HTTP; at least once, and retries are noticed over there.',
  attributes: a
    .object(shape)
    .check(({ user, password }) => (user === undefined && password !== undefined ? ["'password' needs 'user'"] : [])),
  inject: { streams: Streams },
  async open({ attributes, streams, signal }): Promise<Resource> {
    const deployment = new Deployment({ servers: serversOf(attributes), headers: headersOf(attributes), timeoutMs: attributes.timeout });
    await ping(deployment, signal);
    const target = new TargetStreams(deployment, streams, attributes['create-streams']);
    return { deployment, streams: target, stream: attributes.stream, maxRows: attributes['batch.max-rows'], signal };
  },
  async heartbeat({ deployment, signal }) {
    await ping(deployment, signal);
  },
  async transfer(resource, event, context) {
    const name = resource.stream.replaceAll('{stream}', () => event.stream);
    const { columns: known, takesEventTime } = await resource.streams.get(name, event.stream, event.columns, context.signal);
    const target = { name, columns: event.columns.filter((column) => known.has(column.name)), takesEventTime };
    for (let start = 0; start < event.rowCount; start += resource.maxRows) {
      await deliver(resource, event, start, Math.min(start + resource.maxRows, event.rowCount), target, context);
    }
  },
});

async function ping(deployment: Deployment, signal: AbortSignal): Promise<void> {
  const answer = await deployment.request('GET', '/proton/ping', signal);
  if (answer.status !== 200) throw refusal(answer, 'the other deployment does not let us in');
}

/** A request is stored as a whole or not at all: where one is refused for its values, halves of it show which row it is. */
async function deliver(
  resource: Resource,
  event: RowsEvent,
  start: number,
  end: number,
  target: Target,
  context: TransferContext,
): Promise<void> {
  const answer = await ingest(resource, event, start, end, target, context);
  if (answer.status === 200) return;
  const isAboutRows = answer.status === 413 || (answer.status === 400 && valueErrors.has(answer.errorNumber));
  if (!isAboutRows) {
    resource.streams.forget(target.name);
    throw refusal(answer, `rows for ${target.name} are refused`);
  }
  if (end - start === 1) throw new BadRecord(start, refusal(answer, `a row for ${target.name} is refused`).message);
  const middle = (start + end) >>> 1;
  await deliver(resource, event, start, middle, target, context);
  await deliver(resource, event, middle, end, target, context);
}

async function ingest(
  { deployment }: Resource,
  event: RowsEvent,
  start: number,
  end: number,
  { name, columns, takesEventTime }: Target,
  { pipe, clusters, signal }: TransferContext,
): Promise<Answer> {
  const { topic, partition, offset } = event.origin(start);
  const body = JSON.stringify(ingestBody(event, start, end, columns, takesEventTime));
  // Another processor may make something else of the same records.
  const digest = createHash('sha256').update(body).digest('hex').slice(0, 16);
  const rows = `${encodeURIComponent(pipe)}/${topic}/${partition}/${offset}-${event.origin(end - 1).offset}/${digest}`;
  const headers = {
    'x-timeplus-idempotent-id': requestIds.begin(rows),
    'x-millrace-clusters': clusters.map(encodeURIComponent).join(','),
  };
  const path = `/proton/v1/ingest/streams/${encodeURIComponent(name)}`;
  const answer = await deployment.request('POST', path, signal, body, headers);
  requestIds.end(rows);
  return answer;
}

function serversOf({ hosts, secure }: Attributes): string[] {
  return hosts.map((each) => `${secure ? 'https' : 'http'}://${each}`);
}

function headersOf({ user, password }: Attributes): Record<string, string> {
  const login = user === undefined ? undefined : Buffer.from(`${user}:${password ?? ''}`).toString('base64');
  return { 'content-type': 'application/json', 'user-agent': 'millrace', ...(login !== undefined && { authorization: `Basic ${login}` }) };
}
