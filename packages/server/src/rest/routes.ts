import { readFileSync } from 'node:fs';
import { formatDataType } from '@millrace/data';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerFailure, answerScript, openStream } from '../http/sql-route.ts';
import { createStreamText } from '../statements/create-text.ts';
import { unknownName } from '../statements/describe.ts';
import { quoteName } from '../statements/quote-name.ts';
import { runScript, runSilently } from '../statements/run-script.ts';
import type { Services } from '../statements/services.ts';
import { ingest } from './ingest.ts';
import { readJsonObject, textField } from './json-body.ts';
import { createStatement } from './stream-document.ts';

/** The paths of Proton's clients; `/timeplusd` is the newer name for the same. */
const prefixes = ['/proton', '/timeplusd'];

type StreamRequest = FastifyRequest<{ Params: { stream: string } }>;

/** Is told of answers that go on while they are written. */
export type Track = (answer: Promise<void>) => Promise<void>;

export function addRestRoutes(app: FastifyInstance, services: Services, track: Track): void {
  for (const prefix of prefixes) {
    app.get(`${prefix}/ping`, () => ({ status: 'UP' }));
    app.get(`${prefix}/info`, () => ({ name: 'Millrace', version, timezone: services.timezone }));
    app.post(`${prefix}/v1/ingest/streams/:stream`, (request: StreamRequest) => answerIngest(request, services));
    app.get(`${prefix}/v1/ddl/streams`, () => ({ data: services.catalog.streams().map(streamDocument) }));
    app.get(`${prefix}/v1/ddl/streams/:stream`, (request: StreamRequest) => answerStream(request, services));
    app.post(`${prefix}/v1/ddl/streams`, (request) => answerCreate(request, services));
    app.delete(`${prefix}/v1/ddl/streams/:stream`, (request: StreamRequest) => answerDrop(request, services));
    app.post(`${prefix}/v1/search`, (request, reply) => track(answerSearch(request, reply, services)));
  }
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

async function answerIngest(request: StreamRequest, services: Services) {
  const id = request.headers['x-timeplus-idempotent-id'];
  const body = await readJsonObject(request.raw, services.values['http.max_body_size']);
  const clusters = request.headers[clustersHeader];
  return ingest(request.params.stream, body, typeof id === 'string' ? id : null, typeof clusters === 'string' ? clusters : null, services);
}

/** The clusters that the rows have passed through pipes, as the header `millrace.clusters` of records names them. */
const clustersHeader = 'x-millrace-clusters';

function answerStream({ params }: StreamRequest, { catalog }: Services) {
  const stream = catalog.kindOf(params.stream) === 'stream' ? catalog.stream(params.stream) : undefined;
  if (stream === undefined) throw unknownName(params.stream, catalog.names(), 'stream');
  return { data: [streamDocument(stream)] };
}

function streamDocument(stream: Parameters<typeof createStreamText>[0]) {
  const { name, columns, topic, partitions, eventTimeColumn, dataFormat, comment } = stream;
  return {
    name,
    columns: columns.map((column) => ({
      name: column.name,
      type: formatDataType(column.type),
      default: column.default,
      comment: column.comment,
    })),
    event_time_column: eventTimeColumn,
    shards: partitions,
    topic,
    data_format: dataFormat,
    comment,
    create_text: createStreamText(stream),
  };
}

async function answerCreate(request: FastifyRequest, services: Services) {
  const body = await readJsonObject(request.raw, services.values['http.max_body_size']);
  await execute(createStatement(body), request, services);
  return { request_id: services.random.uuid(), name: textField(body, 'name') };
}

async function answerDrop(request: StreamRequest, services: Services) {
  await execute(`DROP STREAM ${quoteName(request.params.stream)}`, request, services);
  return { request_id: services.random.uuid(), name: request.params.stream };
}

async function execute(source: string, request: FastifyRequest, services: Services): Promise<void> {
  const script = {
    source,
    data: null,
    placeholders: new Map<string, string>(),
    settings: {},
    user: 'default',
    queryId: services.random.uuid(),
    readOnly: false,
  };
  const { answer } = await runScript(script, services, request.signal);
  await runSilently(answer, services, request.signal);
}

async function answerSearch(request: FastifyRequest, reply: FastifyReply, services: Services): Promise<void> {
  const body = await readJsonObject(request.raw, services.values['http.max_body_size']);
  const source = textField(body, 'query');
  reply.hijack();
  const queryId = services.random.uuid();
  const stream = openStream(request.raw, reply.raw, services);
  const script = { source, data: null, placeholders: new Map<string, string>(), settings: {}, user: 'default', queryId, readOnly: true };
  await answerScript(script, 'JSONCompactEachRowWithNamesAndTypes', stream, services).catch((failure) =>
    answerFailure(failure, queryId, stream, services),
  );
}
