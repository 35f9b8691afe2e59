import { api, array, bool, field, int16, int32, int64, string } from '../definition.ts';

/** KIP-35, KIP-511 (v3: name and version of the client), KIP-584 (features). The header of the response is that of v0 in every version. */
export const apiVersions = api(
  18,
  { name: 'ApiVersions', versions: [0, 4], flexibleFrom: 3 },
  {
    request: {
      clientSoftwareName: field(string, { from: 3 }),
      clientSoftwareVersion: field(string, { from: 3 }),
    },
    response: {
      errorCode: field(int16),
      apiKeys: field(
        array({
          apiKey: field(int16),
          minVersion: field(int16),
          maxVersion: field(int16),
        }),
      ),
      throttleTimeMs: field(int32, { from: 1 }),
      supportedFeatures: field(
        array({
          name: field(string),
          minVersion: field(int16),
          maxVersion: field(int16),
        }),
        { from: 3, tag: 0 },
      ),
      finalizedFeaturesEpoch: field(int64, { from: 3, tag: 1, fallback: -1 }),
      finalizedFeatures: field(
        array({
          name: field(string),
          maxVersionLevel: field(int16),
          minVersionLevel: field(int16),
        }),
        { from: 3, tag: 2 },
      ),
      zkMigrationReady: field(bool, { from: 3, tag: 3 }),
    },
  },
);
