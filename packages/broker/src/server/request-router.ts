import { delay, MillraceError } from '@millrace/core';
import {
  type Api,
  apis,
  decodeRequest,
  decodeRequestHeader,
  type EncodableResponse,
  encodeResponse,
  errorCode,
} from '@millrace/kafka-protocol';
import { coordinatedBy } from '../cluster/coordinated-request.ts';
import { listVersions } from '../handlers/18-api-versions.ts';
import { type AnyRequest, type ApiName, errorAnswer } from '../handlers/error-answer.ts';
import type { Endpoint, RequestContext, Services } from '../handlers/handler.ts';
import { protocolTable } from '../handlers/protocol-table.ts';
import type { Authentication } from '../security/authentication.ts';
import type { Peer, Serve } from './connection.ts';
import type { InterceptedRequest, Interceptions, Verdict } from './interception.ts';

type Answer = EncodableResponse<Api> | undefined;

const apiNames = new Map(Object.entries(apis).map(([name, { key }]) => [key, name as ApiName]));

/**
 * Leads a request to its handler. A request of an API or a version that is not served is answered by closing the connection, as
 * Kafka does; only ApiVersions is answered in every version.
 */
export function requestRouter(services: Services, interceptions: Interceptions): Serve {
  return (frame, peer, { allocate, reserve }) => {
    const { authentication, signal, hangUp } = peer;
    if (authentication?.expectsRawToken) return serveToken(frame, authentication, peer);
    const { apiKey, apiVersion, correlationId, clientId, bodyOffset } = decodeRequestHeader(frame);
    authentication?.admit(apiKey);
    const endpoint = protocolTable.get(apiKey);
    if (endpoint === undefined)
      throw new MillraceError('KAFKA_PROTOCOL_INVALID', `api ${apiKey} is not served`, { details: { apiKey, apiVersion } });
    if (!isServed(endpoint, apiVersion)) {
      if (apiKey === apis.apiVersions.key) return unknownApiVersionsVersion(correlationId);
      throw refused(endpoint, apiVersion);
    }
    const { api } = endpoint;
    const request = decodeRequest(api, apiVersion, frame, bodyOffset);
    const context = { version: apiVersion, clientId: clientId ?? '', host: peer.host, signal, authentication, hangUp, allocate, reserve };
    const serve = () => refuseElsewhere(apiNames.get(apiKey)!, request, services) ?? endpoint.handle(request, services, context);
    const answer = interceptions.isEmpty ? serve() : serveIntercepted(api, request, serve, services, context, peer, interceptions);
    const encode = (body: Answer) => (body === undefined ? undefined : encodeResponse(api, apiVersion, correlationId, body));
    return answer instanceof Promise ? answer.then(encode) : encode(answer);
  };
}

/** A token that follows a handshake of version 0: a frame without a header, answered by another, or by closing the connection. */
async function serveToken(token: Buffer, authentication: Authentication, { signal, disconnect }: Peer): Promise<Buffer[] | undefined> {
  const { error, reply } = await authentication.authenticate(token, signal);
  if (error !== 'NONE') {
    disconnect();
    return undefined;
  }
  const size = Buffer.alloc(4);
  size.writeInt32BE(reply.length);
  return [size, reply];
}

/** What is answered to a request that another node coordinates; undefined if this one does. */
function refuseElsewhere(api: ApiName, body: unknown, { cluster, nodeId }: Services): Answer {
  if (cluster.nodes.length === 1) return undefined;
  const named = coordinatedBy(api, body);
  if (named === undefined || cluster.isCoordinator(nodeId, named.kind, named.name)) return undefined;
  return errorAnswer('NOT_COORDINATOR', { api, body } as AnyRequest, cluster);
}

/** Serves a request as far as the interceptors let it. */
function serveIntercepted(
  api: Api,
  body: unknown,
  serve: () => Answer | Promise<Answer>,
  services: Services,
  { version, clientId }: RequestContext,
  peer: Peer,
  interceptions: Interceptions,
): Answer | Promise<Answer> {
  const { nodeId } = services;
  const request = { api: apiNames.get(api.key)!, body, version, clientId, nodeId } as InterceptedRequest;
  const verdict = interceptions.judge(request);
  return verdict === undefined ? serve() : obey(verdict, request, serve, services, peer);
}

async function obey(
  { delayMs = 0, error, takesEffect, cut }: Verdict,
  request: InterceptedRequest,
  serve: () => Answer | Promise<Answer>,
  { clock, cluster }: Services,
  peer: Peer,
): Promise<Answer> {
  if (delayMs > 0) await delay(clock, delayMs, peer.signal).catch(() => {}); // cut short when the client is gone
  const isServed = cut !== 'before' && (error === undefined || takesEffect === true);
  const served = isServed ? await serve() : undefined;
  if (cut !== undefined) {
    peer.disconnect();
    return undefined;
  }
  return error === undefined ? served : errorAnswer(error, request, cluster);
}

function isServed({ acceptsFrom, versions: [, max] }: Endpoint, version: number): boolean {
  return version >= acceptsFrom && version <= max;
}

function refused({ api, acceptsFrom, versions: [, max] }: Endpoint, apiVersion: number): MillraceError {
  return new MillraceError('KAFKA_PROTOCOL_INVALID', `${api.name} version ${apiVersion} is not served; ${acceptsFrom} to ${max} are`, {
    details: { apiKey: api.key, apiVersion },
  });
}

function unknownApiVersionsVersion(correlationId: number): Buffer[] {
  const apiKeys = listVersions([protocolTable.get(apis.apiVersions.key)!]);
  return encodeResponse(apis.apiVersions, 0, correlationId, { errorCode: errorCode('UNSUPPORTED_VERSION'), apiKeys });
}
