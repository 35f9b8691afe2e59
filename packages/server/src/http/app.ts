import { asMillraceError, MillraceError } from '@millrace/core';
import { type FastifyInstance, fastify } from 'fastify';
import { errorNumber } from '../error-numbers.ts';
import { errorText } from '../error-text.ts';
import { addRestRoutes, type Track } from '../rest/routes.ts';
import type { Services } from '../statements/services.ts';
import { checkHost } from './host-guard.ts';
import type { Metrics } from './metrics.ts';
import { answerSql } from './sql-route.ts';

/** Whether the parts that queries need can be reached. */
export type Readiness = () => Promise<boolean>;

/** The HTTP interface. */
export interface App {
  readonly fastify: FastifyInstance;
  /** Resolves when no answer of the SQL interface is being written any more. */
  settled(): Promise<void>;
}

/** The HTTP interface: SQL, REST, health, metrics. Not listening yet. */
export function createApp(services: Services, isReady: Readiness): App {
  const answers = new Set<Promise<void>>();
  const app = fastify({ logger: false, forceCloseConnections: true, exposeHeadRoutes: false, requestTimeout: 0, keepAliveTimeout: 65_000 });
  guardHosts(app, services);
  countRequests(app, services.metrics);
  answerErrors(app, services);
  // Bodies are read by those who know their limits and formats.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  addHealthRoutes(app, services.metrics, isReady);
  const track: Track = (answer) => {
    answers.add(answer);
    return answer.finally(() => answers.delete(answer));
  };
  addSqlRoutes(app, services, track);
  addRestRoutes(app, services, track);
  return { fastify: app, settled: async () => void (await Promise.allSettled(answers)) };
}

function guardHosts(app: FastifyInstance, { values }: Services): void {
  const options = { allowedHosts: values['http.allowed_hosts'], allowedOrigins: values['http.allowed_origins'] };
  app.addHook('onRequest', async (request) => checkHost({ host: request.headers.host, origin: request.headers.origin }, options));
}

function countRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.once('close', () => metrics.countRequest(request.method, reply.raw.statusCode));
  });
}

function answerErrors(app: FastifyInstance, { logger }: Services): void {
  app.setErrorHandler((failure, _request, reply) => {
    const error = asMillraceError(failure);
    if (error.actor === 'internal') logger.error({ code: error.code, stack: error.stack }, error.message);
    const { number, httpStatus } = errorNumber(error.code);
    void reply
      .code(httpStatus)
      .header('Content-Type', 'text/plain; charset=UTF-8')
      .header('X-ClickHouse-Exception-Code', String(number))
      .send(`${errorText(error)}\n`);
  });
  app.setNotFoundHandler((request, reply) => {
    void reply
      .code(404)
      .header('Content-Type', 'text/plain; charset=UTF-8')
      .send(`there is nothing at ${request.url}; SQL goes to POST /\n`);
  });
}

function addHealthRoutes(app: FastifyInstance, metrics: Metrics, isReady: Readiness): void {
  const plain = 'text/plain; charset=UTF-8';
  app.get('/ping', (_request, reply) => reply.header('Content-Type', plain).send('Ok.\n'));
  app.get('/healthz', (_request, reply) => reply.header('Content-Type', plain).send('up\n'));
  app.get('/readyz', async (_request, reply) => {
    const ready = await isReady();
    return reply
      .code(ready ? 200 : 503)
      .header('Content-Type', plain)
      .send(ready ? 'ready\n' : 'the broker does not answer\n');
  });
  app.get('/metrics', async (_request, reply) => reply.header('Content-Type', metrics.contentType).send(await metrics.text()));
}

function addSqlRoutes(app: FastifyInstance, services: Services, track: Track): void {
  for (const method of ['GET', 'POST'] as const) {
    app.route({
      method,
      url: '/',
      async handler(request, reply) {
        reply.hijack();
        await track(answerSql(request.raw, reply.raw, services, { defaultFormat: 'TabSeparated' }));
      },
    });
  }
}

/**
 * Listens; gives the port.
 * @throws {MillraceError} LISTEN_FAILED naming the setting
 */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'it is taken' : (cause as Error).message;
    throw new MillraceError('LISTEN_FAILED', `cannot listen on ${host}:${port} (listen, http.port): ${reason}`, {
      cause,
      hint: 'choose another port with http.port (--http-port); 0 takes a free one',
      details: { host, port },
    });
  }
  return (app.server.address() as { port: number }).port;
}
