import { describe, expect, it } from 'vitest';
import { KafkaClient, listOffsets } from '../src/index.ts';
import type { Fault } from './fake-cluster.ts';
import { startCluster } from './start-cluster.ts';

/** Lets the first `times` requests of an API fail. */
function faulty(api: string, fault: Fault, times = 1) {
  let left = times;
  return (call: { api: string }) => (call.api === api && left-- > 0 ? fault : undefined);
}

describe('the Kafka client', () => {
  it('learns topics and leaders', async () => {
    const { cluster, client } = await startCluster(2);
    cluster.createTopic('metrics', 3);
    expect(await client.metadata(['metrics'])).toMatchObject([
      {
        name: 'metrics',
        partitions: [
          { partition: 0, leader: 0 },
          { partition: 1, leader: 1 },
          { partition: 2, leader: 0 },
        ],
      },
    ]);
    expect(await client.metadata(null)).toHaveLength(1);
  });

  it('says so at once if a topic does not exist', async () => {
    const { client } = await startCluster();
    await expect(client.metadata(['nope'])).rejects.toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN', details: { topic: 'nope' } });
  });

  it('has a topic made that it will write to, if brokers make topics, and waits for it', async () => {
    const { cluster, client } = await startCluster();
    const asked: boolean[] = [];
    cluster.intercept = ({ api, request }) => {
      if (api !== 'Metadata' || request.topics?.length === 0) return undefined;
      // As Apache Kafka: the request that makes a topic is told that there is none.
      if (asked.push(request.allowAutoTopicCreation) === 2) cluster.createTopic('fresh', 2);
      return undefined;
    };
    expect(await client.topicToWrite('fresh')).toMatchObject({ name: 'fresh', partitions: [{}, {}] });
    expect(asked).toEqual([true, true]);
    await client.topicToWrite('fresh');
    expect(asked).toHaveLength(2);
  });

  it('says of a topic to write to that nobody makes it', async () => {
    const { client } = await startCluster(1, { requestTimeoutMs: 200 });
    await expect(client.topicToWrite('nope')).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_UNKNOWN',
      message: 'the topic "nope" does not exist, and its brokers make none when they are asked',
      hint: 'make it: millrace topic create nope',
    });
  });

  it('speaks with a broker that knows only old versions', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    Object.assign(cluster.maxVersions, { ApiVersions: 0, Metadata: 0, ListOffsets: 1 });
    expect(await client.metadata(null)).toMatchObject([{ name: 't' }]);
    expect(await listOffsets(client, 't', [0], 'latest')).toEqual([0]);
    expect(cluster.callsOf('Metadata')[0]!.version).toBe(0);
  });

  it('names the versions when there is none in common', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    cluster.maxVersions.ListOffsets = 0;
    await expect(listOffsets(client, 't', [0], 'latest')).rejects.toThrow(/offers versions 1 to 0: ListOffsets 1 to 9 is needed/);
  });

  for (const fault of ['cut', 'lose', 'half'] as const) {
    it(`asks again when a connection breaks (${fault})`, async () => {
      const { cluster, client } = await startCluster();
      cluster.createTopic('t');
      cluster.intercept = faulty('Metadata', fault, 2);
      expect(await client.metadata(['t'])).toHaveLength(1);
      expect(cluster.callsOf('Metadata')).toHaveLength(3);
    });
  }

  it('gives up a request at its deadline, and goes on with another connection', async () => {
    const { cluster, client } = await startCluster(1, { requestTimeoutMs: 80 });
    cluster.createTopic('t');
    cluster.intercept = faulty('Metadata', 'silence');
    await expect(client.metadataOnce(['t'])).rejects.toMatchObject({
      code: 'KAFKA_TIMED_OUT',
      message: `${cluster.brokers[0]} did not answer Metadata within 80 ms`,
    });
    expect(await client.metadataOnce(['t'])).toHaveLength(1);
  });

  it('refuses an answer to what was not asked', async () => {
    const { cluster, client } = await startCluster();
    cluster.intercept = faulty('Metadata', 'garbage');
    await expect(client.metadata(null)).rejects.toMatchObject({ code: 'KAFKA_PROTOCOL_INVALID' });
    expect(await client.metadata(null)).toEqual([]);
  });

  it('refuses an answer that is larger than it may be', async () => {
    const { cluster, client } = await startCluster(1, { maxResponseBytes: 2000 });
    cluster.createTopic('t', 200);
    await expect(client.metadata(['t'])).rejects.toThrow(/a response of \d+ bytes is outside of 4 to 2000/);
  });

  it('has many requests under way at once', async () => {
    const { cluster, client } = await startCluster();
    cluster.createTopic('t');
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.metadata(['t'])));
    expect(answers.flat()).toHaveLength(50);
    expect(cluster.callsOf('ApiVersions')).toHaveLength(1);
  });

  it('tries each configured broker and says when none answers', async () => {
    const { cluster, client } = await startCluster(2);
    cluster.createTopic('t');
    await cluster.stopNode(0);
    expect(await client.metadata(null)).toHaveLength(1);
    await cluster.stopNode(1);
    await expect(client.metadataOnce(null)).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE' });
    await expect(client.metadataOnce(null)).rejects.toMatchObject({
      code: 'KAFKA_BROKER_UNAVAILABLE',
      message: expect.stringMatching(`no broker answers at ${cluster.brokers.join(', ')}: .*ECONNREFUSED`),
    });
  });

  it.each(['localhost', 'a:b', 'host:99999', ''])('refuses "%s" as a broker', (broker) => {
    expect(() => new KafkaClient({ brokers: [broker], clientId: 'x' })).toThrow(`broker "${broker}" is not of the form host:port`);
  });

  it.each(['ApiVersions', 'Metadata'])('fails what is under way when it is closed (%s)', async (silent) => {
    const { cluster, client } = await startCluster();
    const heard = Promise.withResolvers<void>();
    cluster.intercept = ({ api }) => {
      if (api !== silent) return undefined;
      heard.resolve();
      return 'silence';
    };
    const asked = client.metadata(null);
    asked.catch(() => {});
    await heard.promise;
    await client.close();
    await expect(asked).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE' });
  });
});

describe('listing offsets', () => {
  it('asks each leader, follows a leader that moves, and takes the end where no record is late enough', async () => {
    const { cluster, client } = await startCluster(2);
    cluster.createTopic('t', 3);
    for (const partition of [0, 1, 2]) for (let n = 0; n <= partition; n++) cluster.log('t', partition).write({ timestampMs: n });
    expect(await listOffsets(client, 't', [2, 0, 1], 'latest')).toEqual([3, 1, 2]);
    expect(await listOffsets(client, 't', [0, 1], 'earliest')).toEqual([0, 0]);
    expect(await listOffsets(client, 't', [0, 1, 2], 5_000)).toEqual([1, 2, 3]);
    await expect(listOffsets(client, 't', [7], 'latest')).rejects.toThrow('topic "t" has no partition 7; it has 3');
  });
});
