import type { IncomingMessage, ServerResponse } from 'node:http';
import { asMillraceError, MillraceError } from '@millrace/core';
import { createResultEncoder, type FormatInfo, formatInfo } from '@millrace/formats';
import { resolveQuerySettings } from '@millrace/planner';
import { errorNumber } from '../error-numbers.ts';
import { errorText } from '../error-text.ts';
import type { Answer, OutputFormat } from '../statements/answer.ts';
import { runScript, type Script } from '../statements/run-script.ts';
import type { Services } from '../statements/services.ts';
import { readBody } from './read-body.ts';
import { type RequestParameters, readParameters } from './request-parameters.ts';
import { ResponseStream } from './response-stream.ts';

/** What answers requests of the SQL interface. */
export interface SqlRouteOptions {
  /** In what a query answers when neither it nor the request names a format. */
  readonly defaultFormat: string;
}

/**
 * Answers `POST /` and `GET /`: runs the statements and streams the answer of the last one. The headers go out as soon as
 * the query's start position is fixed; a closed connection ends the query.
 */
export async function answerSql(
  request: IncomingMessage,
  response: ServerResponse,
  services: Services,
  options: SqlRouteOptions,
): Promise<void> {
  const stream = openStream(request, response, services);
  let queryId = services.random.uuid();
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const parameters = readParameters(url.searchParams, request.headers);
    queryId = parameters.queryId ?? queryId;
    const body = await readBody(request, services.values['http.max_body_size']);
    const script = scriptOf(parameters, body, queryId, request.method !== 'POST');
    await answerScript(script, parameters.format ?? options.defaultFormat, stream, services);
  } catch (failure) {
    await answerFailure(failure, queryId, stream, services);
  }
}

export function openStream(request: IncomingMessage, response: ServerResponse, { clock, values }: Services): ResponseStream {
  return new ResponseStream(response, {
    clock,
    acceptEncoding: request.headers['accept-encoding'],
    maxStallMs: values.max_client_stall,
  });
}

function scriptOf({ query, placeholders, settings, user }: RequestParameters, body: Buffer, queryId: string, readOnly: boolean): Script {
  const source = query ?? body.toString();
  return { source, data: query === null || body.length === 0 ? null : body, placeholders, settings, user, queryId, readOnly };
}

/** Runs a script and streams the answer of its last statement. @throws whatever happens before the headers are sent */
export async function answerScript(script: Script, format: string, stream: ResponseStream, services: Services): Promise<void> {
  resolveQuerySettings(script.settings);
  const { answer, settings } = await runScript(script, services, stream.signal);
  const info = formatInfo(answer.format ?? format);
  if (info.needsWholeResult && !answer.bounded) throw endlessResult(info);
  const output = { format: info.name, options: { timezone: services.timezone, ...resolveQuerySettings(settings) } };
  const headers = headersOf(script.queryId, info, answer);
  if (info.needsWholeResult) await answerWhole(answer, output, headers, stream);
  else await answerStreaming(answer, output, headers, stream, services);
}

function endlessResult({ name }: FormatInfo): MillraceError {
  return new MillraceError('PLAN_ARGUMENT_INVALID', `the format ${name} needs the whole result, and this query goes on without end`, {
    hint: 'take JSONEachRow or another format that is written row by row, or read table(…)',
  });
}

function headersOf(queryId: string, { name, contentType }: FormatInfo, { written }: Answer): Record<string, string> {
  const summary = written && { written_rows: String(written.rows), written_batches: String(written.batches) };
  return {
    'Content-Type': contentType,
    'X-ClickHouse-Query-Id': queryId,
    'X-ClickHouse-Format': name,
    ...(summary && { 'X-ClickHouse-Summary': JSON.stringify(summary) }),
  };
}

async function answerStreaming(
  answer: Answer,
  output: OutputFormat,
  headers: Record<string, string>,
  stream: ResponseStream,
  services: Services,
): Promise<void> {
  try {
    const sink = { start: () => stream.start(200, headers), write: (bytes: Buffer) => stream.write(bytes) };
    await answer.run(output, sink, stream.signal);
    await stream.end();
  } catch (failure) {
    if (!stream.hasStarted) throw failure;
    const error = asMillraceError(failure);
    // There is nobody left to be told but who reads the log.
    if (error.code === 'QUERY_CLIENT_STALLED') services.logger.warn({ queryId: headers['X-ClickHouse-Query-Id'] }, error.message);
    if (stream.signal.aborted) return;
    logDefect(error, services);
    await stream.end(createResultEncoder(output.format, answer.schema, output.options).exception(errorText(error)));
  }
}

/** All rows first, so that a failure is a failure of the request; then the summary can stand in a header. */
async function answerWhole(answer: Answer, output: OutputFormat, headers: Record<string, string>, stream: ResponseStream): Promise<void> {
  const parts: Buffer[] = [];
  const sink = { start() {}, write: (bytes: Buffer) => void parts.push(bytes) };
  const { rows, rowsRead, bytesRead } = await answer.run(output, sink, stream.signal);
  stream.start(200, { ...headers, 'X-ClickHouse-Summary': summary(rowsRead, bytesRead, rows) });
  for (const part of parts) await stream.write(part);
  await stream.end();
}

function summary(rowsRead: number, bytesRead: number, resultRows: number): string {
  return JSON.stringify({ read_rows: String(rowsRead), read_bytes: String(bytesRead), result_rows: String(resultRows) });
}

/** Answers with an error, if there is still somebody to answer to. */
export async function answerFailure(failure: unknown, queryId: string, stream: ResponseStream, services: Services): Promise<void> {
  const error = asMillraceError(failure);
  logDefect(error, services);
  if (stream.signal.aborted) return;
  if (stream.hasStarted) return stream.destroy();
  const { number, httpStatus } = errorNumber(error.code);
  stream.start(httpStatus, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(number),
    'X-ClickHouse-Query-Id': queryId,
  });
  await stream.end(Buffer.from(`${errorText(error)}\n`)).catch(() => {});
}

function logDefect(error: MillraceError, { logger }: Services): void {
  if (error.actor === 'internal')
    logger.error({ code: error.code, stack: error.cause instanceof Error ? error.cause.stack : error.stack }, error.message);
}
