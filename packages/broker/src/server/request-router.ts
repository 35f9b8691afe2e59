import { MillraceError } from '@millrace/core';
import { apis, decodeRequest, decodeRequestHeader, type EncodableResponse, encodeResponse, errorCode } from '@millrace/kafka-protocol';
import { listVersions } from '../handlers/18-api-versions.ts';
import type { Endpoint, Services } from '../handlers/handler.ts';
import { protocolTable } from '../handlers/protocol-table.ts';
import type { Peer, Serve } from './connection.ts';

/**
 * Leads a request to its handler. A request of an API or a version that is not served is answered by closing the connection, as
 * Kafka does; only ApiVersions is answered in every version.
 */
export function requestRouter(services: Services): Serve {
  return (frame: Buffer, peer: Peer, allocate: (size: number) => Buffer) => {
    const { apiKey, apiVersion, correlationId, clientId, bodyOffset } = decodeRequestHeader(frame);
    const endpoint = protocolTable.get(apiKey);
    if (endpoint === undefined)
      throw new MillraceError('KAFKA_PROTOCOL_INVALID', `api ${apiKey} is not served`, { details: { apiKey, apiVersion } });
    if (!isServed(endpoint, apiVersion)) {
      if (apiKey === apis.apiVersions.key) return unknownApiVersionsVersion(correlationId);
      throw refused(endpoint, apiVersion);
    }
    const { api } = endpoint;
    const request = decodeRequest(api, apiVersion, frame, bodyOffset);
    const context = { version: apiVersion, clientId: clientId ?? '', host: peer.host, signal: peer.signal, allocate };
    const answer = endpoint.handle(request, services, context);
    const encode = (body: EncodableResponse<typeof api> | undefined) =>
      body === undefined ? undefined : encodeResponse(api, apiVersion, correlationId, body);
    return answer instanceof Promise ? answer.then(encode) : encode(answer);
  };
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
