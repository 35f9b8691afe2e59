import type { apis } from '@millrace/kafka-protocol';
import type { Endpoint, Handler } from './handler.ts';

/** What ApiVersions lists of the protocol table. */
export function listVersions(endpoints: Iterable<Endpoint>) {
  return [...endpoints].map(({ api, versions: [minVersion, maxVersion] }) => ({ apiKey: api.key, minVersion, maxVersion }));
}

/**
 * ApiVersions 0–4: the table of what is served, and no more. An unknown version is answered in version 0 with UNSUPPORTED_VERSION and
 * the range of ApiVersions itself (see the router), so that any client can find common ground.
 * Differs from Kafka: no features are listed or finalized, so every client takes the first version of transactions.
 * @see KIP-35, KIP-511, KIP-584
 */
export function apiVersionsHandler(endpoints: () => Iterable<Endpoint>): Handler<typeof apis.apiVersions> {
  return () => ({ errorCode: 0, apiKeys: listVersions(endpoints()) });
}
