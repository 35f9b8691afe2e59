import { type apis, errorCode } from '@millrace/kafka-protocol';
import type { Endpoint, Handler } from './handler.ts';

/** What ApiVersions lists of the protocol table. */
export function listVersions(endpoints: Iterable<Endpoint>) {
  return [...endpoints].map(({ api, versions: [minVersion, maxVersion] }) => ({ apiKey: api.key, minVersion, maxVersion }));
}

/** What clients may choose by, each with its levels and the one that is agreed on. At 2 of this one they take an epoch for each transaction. */
const features = [{ name: 'transaction.version', minVersion: 0, maxVersion: 2, level: 2 }];
/** First version whose clients take 0 for the lowest level of a feature (KAFKA-17011); older ones are not told of such a feature. */
const levelZeroFrom = 4;
/** First version in which a client says what it is. */
const namedFrom = 3;
const isSoftwareName = (name: string) => /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/.test(name);
/** The levels have never been others. */
const finalizedFeaturesEpoch = 0;

/**
 * ApiVersions 0–4: the table of what is served, and no more, and (3 and later) the level of `transaction.version`, by which clients choose
 * their transactions. An unknown version is answered in version 0 with UNSUPPORTED_VERSION and the range of ApiVersions itself (see the
 * router), so that any client can find common ground.
 * Differs from Kafka: of its features only `transaction.version` is there, and its level cannot be changed.
 * @see KIP-35, KIP-511, KIP-584, KIP-890
 */
export function apiVersionsHandler(endpoints: () => Iterable<Endpoint>): Handler<typeof apis.apiVersions> {
  const finalizedFeatures = features.map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level }));
  return ({ clientSoftwareName, clientSoftwareVersion }, _, { version }) => {
    if (version >= namedFrom && ![clientSoftwareName, clientSoftwareVersion].every(isSoftwareName)) {
      return { errorCode: errorCode('INVALID_REQUEST'), apiKeys: [] };
    }
    return {
      errorCode: 0,
      apiKeys: listVersions(endpoints()),
      supportedFeatures: features.filter(({ minVersion }) => minVersion > 0 || version >= levelZeroFrom),
      finalizedFeaturesEpoch,
      finalizedFeatures,
    };
  };
}
