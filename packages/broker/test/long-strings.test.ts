import { apis, decodeResponse, encodeRequest } from '@millrace/kafka-protocol';
import { expect, it, onTestFinished } from 'vitest';
import { RawClient } from './raw-client.ts';
import { openBroker } from './test-broker.ts';

const longest = 'a'.repeat(32_767);

async function client(): Promise<RawClient> {
  const raw = await RawClient.open((await openBroker()).port);
  onTestFinished(() => raw.close());
  return raw;
}

it('a member of the longest name gets an id that fits into an answer, also into one about its group', async () => {
  const raw = await client();
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }];
  const join = { groupId: 'g', sessionTimeoutMs: 10_000, memberId: '', protocolType: 'consumer', protocols };
  raw.sendBytes(encodeRequest(apis.joinGroup, 3, { correlationId: 1, clientId: longest }, join));
  expect(decodeResponse(apis.joinGroup, 3, (await raw.receive())!).errorCode).toBe(0);
  const named = await raw.request(apis.joinGroup, 5, { ...join, groupId: 'h', groupInstanceId: longest });
  expect(named.errorCode).toBe(0);
  const { groups } = await raw.request(apis.describeGroups, 0, { groups: ['g', 'h'] });
  expect(groups.map(({ members }) => members.length)).toEqual([1, 1]);
});

it('what is refused for the longest name or value is told why', async () => {
  const raw = await client();
  const told = (message: string | null) => expect(message).toMatch(/a…$/);
  const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [{ name: longest, value: '1' }] }];
  told((await raw.request(apis.createTopics, 2, { topics, timeoutMs: 0, validateOnly: false })).topics[0]!.errorMessage);
  const configs = [{ name: 'retention.ms', value: longest }];
  const t = [{ ...topics[0]!, configs: [] }];
  await raw.request(apis.createTopics, 2, { topics: t, timeoutMs: 0, validateOnly: false });
  const altered = await raw.request(apis.alterConfigs, 0, {
    resources: [{ resourceType: 2, resourceName: 't', configs }],
    validateOnly: false,
  });
  told(altered.responses[0]!.errorMessage);
  const described = await raw.request(apis.describeConfigs, 1, {
    resources: [{ resourceType: 4, resourceName: longest, configurationKeys: null }],
    includeSynonyms: false,
  });
  told(described.results[0]!.errorMessage);
  const grown = await raw.request(apis.createPartitions, 0, {
    topics: [{ name: longest, count: 2, assignments: null }],
    timeoutMs: 0,
    validateOnly: false,
  });
  told(grown.results[0]!.errorMessage);
});
