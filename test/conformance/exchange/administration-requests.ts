import { apis, zeroUuid } from '@millrace/kafka-protocol';
import { until } from '../subject.ts';
import { Topic } from '../topic.ts';
import type { Exchange } from './exchange.ts';

const topicResource = 2;
const timeoutMs = 10_000;

/** What administrators ask in every version. */
export async function askAdministration(x: Exchange): Promise<void> {
  await versions(x);
  await creations(x);
  await growth(x);
  await configurations(x);
  await credentials(x);
  await deletions(x);
}

async function versions(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.apiVersions)) {
    const named = (clientSoftwareName: string) => ({ clientSoftwareName, clientSoftwareVersion: '1.0' });
    const own = ({ errorCode, apiKeys }: { errorCode: number; apiKeys: { apiKey: number }[] }) => ({
      errorCode,
      isListed: apiKeys.some(({ apiKey }) => apiKey === apis.apiVersions.key),
    });
    await x.ask('all', apis.apiVersions, version, named('exchange'), own);
    await x.ask('of an odd name', apis.apiVersions, version, named('- -'), own);
  }
}

async function creations(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.createTopics)) {
    const name = x.name('made', version);
    const body = (changes: object = {}, validateOnly = false) => {
      const topic = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [], ...changes };
      return { topics: [topic], timeoutMs, validateOnly };
    };
    /** Without the configurations that only one of the brokers has. */
    const own = ({ topics }: { topics: { name: string; configs: { name: string }[] | null }[] }) =>
      topics.map(({ name: made, configs, ...told }) => ({
        ...told,
        isNamed: made === name,
        configs: configs?.filter((config) => ['cleanup.policy', 'retention.bytes', 'segment.ms'].includes(config.name)) ?? null,
      }));
    const configs = [{ name: 'segment.ms', value: '60000' }];
    await x.ask('only asked', apis.createTopics, version, body({ configs }, true), own);
    await x.ask('a topic', apis.createTopics, version, body({ configs }), own);
    await x.ask('a topic that is there', apis.createTopics, version, body(), own);
    await x.ask('an odd name', apis.createTopics, version, body({ name: 'a b' }), own);
    await x.ask('no partitions', apis.createTopics, version, body({ name: x.name('none'), numPartitions: 0 }), own);
    await x.ask('many replicas', apis.createTopics, version, body({ name: x.name('many'), replicationFactor: 5 }), own);
    await x.ask('no replicas', apis.createTopics, version, body({ name: x.name('none'), replicationFactor: 0 }), own);
    const assignments = [{ partitionIndex: 0, brokerIds: [77] }];
    const elsewhere = { name: x.name('elsewhere'), numPartitions: -1, replicationFactor: -1, assignments };
    await x.ask('replicas on nobody', apis.createTopics, version, body(elsewhere), own);
    await x.ask('partitions and assignments', apis.createTopics, version, body({ ...elsewhere, numPartitions: 1 }), own);
    const wrong = (key: string, value: string | null) => body({ name: x.name('wrong'), configs: [{ name: key, value }] });
    await x.ask('a wrong value', apis.createTopics, version, wrong('segment.ms', 'x'), own);
    await x.ask('an unknown configuration', apis.createTopics, version, wrong('odd', '1'), own);
    await x.ask('no value', apis.createTopics, version, wrong('segment.ms', null), own);
    if (version >= 4) {
      const defaults = body({ name: x.name('defaults', version), numPartitions: -1, replicationFactor: -1 });
      await x.ask('by default', apis.createTopics, version, defaults, own);
    }
  }
}

async function growth(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.createPartitions)) {
    const { name } = await Topic.make(x.subject, {}, 2, x.name('grown', version));
    const body = (count: number, changes: object = {}, validateOnly = false) => ({
      topics: [{ name, count, assignments: null, ...changes }],
      timeoutMs,
      validateOnly,
    });
    const own = ({ results }: { results: { errorCode: number; errorMessage: string | null }[] }) =>
      results.map(({ errorCode, errorMessage }) => ({ errorCode, errorMessage }));
    await x.ask('only asked', apis.createPartitions, version, body(3, {}, true), own);
    await x.ask('more', apis.createPartitions, version, body(3), own);
    await x.ask('as many', apis.createPartitions, version, body(3), own);
    await x.ask('fewer', apis.createPartitions, version, body(1), own);
    await x.ask('replicas on nobody', apis.createPartitions, version, body(4, { assignments: [{ brokerIds: [77] }] }), own);
    await x.ask('of an unknown topic', apis.createPartitions, version, body(4, { name: x.name('unknown') }), own);
  }
}

async function configurations(x: Exchange): Promise<void> {
  const keys = ['cleanup.policy', 'segment.ms', 'retention.bytes', 'max.message.bytes', 'min.cleanable.dirty.ratio', 'preallocate', 'odd'];
  const resource = (name: string) => ({ resourceType: topicResource, resourceName: name });
  const described = await Topic.make(x.subject, { 'segment.ms': '60000' }, 1, x.name('described'));
  for (const version of x.versionsOf(apis.describeConfigs)) {
    const body = (name: string, changes: object = {}) => ({
      resources: [{ ...resource(name), configurationKeys: keys, ...changes }],
      includeSynonyms: false,
      includeDocumentation: false,
    });
    await x.ask('some', apis.describeConfigs, version, body(described.name));
    const isEach = ({ results }: { results: { configs: { name: string }[] }[] }) =>
      results.map(({ configs }) => keys.filter((key) => configs.some(({ name }) => name === key)));
    await x.ask('none', apis.describeConfigs, version, body(described.name, { configurationKeys: [] }), isEach);
    await x.ask('of an unknown topic', apis.describeConfigs, version, body(x.name('unknown')));
    await x.ask('of an odd resource', apis.describeConfigs, version, body('x', { resourceType: 99 }));
    await x.ask('of another broker', apis.describeConfigs, version, body('77', { resourceType: 4 }));
    const own = ['segment.ms'];
    if (version >= 3)
      await x.ask('explained', apis.describeConfigs, version, {
        ...body(described.name, { configurationKeys: own }),
        includeDocumentation: true,
      });
  }
  for (const version of x.versionsOf(apis.alterConfigs)) {
    const { name } = await Topic.make(x.subject, {}, 1, x.name('altered', version));
    const body = (key: string, value: string | null, of = name, validateOnly = false) => ({
      resources: [{ ...resource(of), configs: [{ name: key, value }] }],
      validateOnly,
    });
    const own = ({ responses }: { responses: { errorCode: number; errorMessage: string | null; resourceType: number }[] }) =>
      responses.map(({ errorCode, errorMessage, resourceType }) => ({ errorCode, errorMessage, resourceType }));
    await x.ask('one', apis.alterConfigs, version, body('segment.ms', '5000'), own);
    await x.ask('only asked', apis.alterConfigs, version, body('segment.ms', '5000', name, true), own);
    await x.ask('a wrong value', apis.alterConfigs, version, body('segment.ms', 'x'), own);
    await x.ask('no value', apis.alterConfigs, version, body('segment.ms', null), own);
    await x.ask('an unknown one', apis.alterConfigs, version, body('odd', '1'), own);
    await x.ask('of an unknown topic', apis.alterConfigs, version, body('segment.ms', '1', x.name('unknown')), own);
  }
  for (const version of x.versionsOf(apis.incrementalAlterConfigs)) {
    const { name } = await Topic.make(x.subject, {}, 1, x.name('amended', version));
    const body = (key: string, configOperation: number, value: string | null, of = name) => ({
      resources: [{ ...resource(of), configs: [{ name: key, configOperation, value }] }],
      validateOnly: false,
    });
    const own = ({ responses }: { responses: { errorCode: number; errorMessage: string | null; resourceType: number }[] }) =>
      responses.map(({ errorCode, errorMessage, resourceType }) => ({ errorCode, errorMessage, resourceType }));
    await x.ask('set', apis.incrementalAlterConfigs, version, body('segment.ms', 0, '5000'), own);
    await x.ask('take back', apis.incrementalAlterConfigs, version, body('segment.ms', 1, null), own);
    await x.ask('append', apis.incrementalAlterConfigs, version, body('cleanup.policy', 2, 'compact'), own);
    await x.ask('subtract', apis.incrementalAlterConfigs, version, body('cleanup.policy', 3, 'delete'), own);
    await x.ask('append to no list', apis.incrementalAlterConfigs, version, body('segment.ms', 2, '1'), own);
    await x.ask('a wrong value', apis.incrementalAlterConfigs, version, body('segment.ms', 0, 'x'), own);
    await x.ask('no value', apis.incrementalAlterConfigs, version, body('segment.ms', 0, null), own);
    await x.ask('an unknown one', apis.incrementalAlterConfigs, version, body('odd', 0, '1'), own);
    await x.ask('of an unknown topic', apis.incrementalAlterConfigs, version, body('segment.ms', 0, '1', x.name('unknown')), own);
  }
}

async function credentials(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.saslHandshake)) {
    await x.ask('where nobody asked', apis.saslHandshake, version, { mechanism: 'PLAIN' }, ({ errorCode }) => errorCode);
  }
  for (const version of x.versionsOf(apis.saslAuthenticate)) {
    await x.ask('where nobody asked', apis.saslAuthenticate, version, { authBytes: Buffer.from('\0u\0p') });
  }
  const user = x.name('user');
  const mechanism = 1;
  for (const version of x.versionsOf(apis.alterUserScramCredentials)) {
    const upsertion = { name: user, mechanism, iterations: 4096, salt: Buffer.from('salt'), saltedPassword: Buffer.alloc(32, 1) };
    const ask = (what: string, deletions: { name: string; mechanism: number }[], upsertions: (typeof upsertion)[]) =>
      x.ask(what, apis.alterUserScramCredentials, version, { deletions, upsertions });
    await ask('a new one', [], [upsertion]);
    await ask('too few iterations', [], [{ ...upsertion, iterations: 10 }]);
    await ask('too many iterations', [], [{ ...upsertion, iterations: 1_000_000 }]);
    await ask('an unknown mechanism', [], [{ ...upsertion, mechanism: 9 }]);
    await ask('nobody', [], [{ ...upsertion, name: '' }]);
    await ask('twice', [{ name: user, mechanism }], [upsertion]);
    await ask('delete what is not there', [{ name: x.name('nobody'), mechanism }], []);
  }
  for (const version of x.versionsOf(apis.describeUserScramCredentials)) {
    const ask = (what: string, names: string[]) =>
      x.ask(what, apis.describeUserScramCredentials, version, { users: names.map((name) => ({ name })) });
    await until(
      () => x.subject.request(apis.describeUserScramCredentials, version, { users: [{ name: user }] }),
      ({ results }) => results[0]?.errorCode === 0,
    );
    await ask('one', [user]);
    await ask('nobody', [x.name('nobody')]);
    await ask('twice', [user, user]);
  }
  for (const version of x.versionsOf(apis.alterUserScramCredentials)) {
    await x.ask('delete', apis.alterUserScramCredentials, version, { deletions: [{ name: user, mechanism }], upsertions: [] });
  }
}

async function deletions(x: Exchange): Promise<void> {
  for (const version of x.versionsOf(apis.deleteTopics)) {
    const { name } = await Topic.make(x.subject, {}, 1, x.name('gone', version));
    const body = (topic: string) =>
      version < 6 ? { topicNames: [topic], timeoutMs } : { topics: [{ name: topic, topicId: zeroUuid }], timeoutMs };
    const own = ({ responses }: { responses: { name: string | null }[] }) =>
      responses.map(({ name: told, ...response }) => ({ ...response, isNamed: told === name }));
    await x.ask('one', apis.deleteTopics, version, body(name), own);
    await x.ask('one that is not there', apis.deleteTopics, version, body(x.name('unknown')), own);
    if (version >= 6) {
      const topics = [{ name: null, topicId: '00000000-0000-4000-8000-00000000beef' }];
      await x.ask('an unknown id', apis.deleteTopics, version, { topics, timeoutMs }, own);
    }
  }
}
