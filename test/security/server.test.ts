import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '@millrace/broker';
import { createAdmin, KafkaClient, listOffsets, openProducer } from '@millrace/kafka-client';
import { apis } from '@millrace/kafka-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorityCertificate } from '../../packages/kafka-client/test/tls-certificates.ts';
import { LiveQuery } from '../harness/live-query.ts';
import { openSecuredServer, type SecretFiles, type SecuredServer, writeSecretFiles } from './secured-server.ts';

const password = 'a "quoted" pässword: 1';
let files: SecretFiles;
/** Its embedded broker wants TLS, a certificate of each client, and a proof. */
let owner: SecuredServer;
/** Works with that broker as with any cluster. */
let guest: SecuredServer;

beforeAll(async () => {
  files = writeSecretFiles();
  owner = await openSecuredServer({
    'broker.ssl.enabled': true,
    'broker.ssl.cert': files.brokerCertificate,
    'broker.ssl.key': files.brokerKey,
    'broker.ssl.ca': files.authority,
    'broker.ssl.client_auth': 'required',
    'broker.sasl.mechanisms': ['SCRAM-SHA-512', 'PLAIN'],
    'broker.sasl.users_file': files.write('users.yaml', `guest: ${JSON.stringify(password)}\n`),
  });
  guest = await openSecuredServer({
    'kafka.brokers': owner.brokers,
    'kafka.ssl.enabled': true,
    'kafka.ssl.ca': files.authority,
    'kafka.ssl.cert': files.clientCertificate,
    'kafka.ssl.key': files.clientKey,
    'kafka.sasl.mechanism': 'SCRAM-SHA-512',
    'kafka.sasl.username': 'guest',
    'kafka.sasl.password_file': files.write('password', `${password}\n`),
  });
});
afterAll(async () => {
  await guest?.close();
  await owner?.close();
  files?.remove();
});

async function runsWindows(server: SecuredServer, stream: string): Promise<void> {
  await server.run(`CREATE STREAM ${stream} (car string, speed float32, at datetime64(3)) SETTINGS event_time_column='at'`);
  const query = await LiveQuery.open(
    server.url,
    `SELECT window_start, car, max(speed) FROM tumble(${stream}, 5s) GROUP BY window_start, car`,
  );
  await server.run(`INSERT INTO ${stream} VALUES ('a', 10, '2026-01-01 00:00:01'), ('a', 30, '2026-01-01 00:00:04')`);
  await server.run(`INSERT INTO ${stream} VALUES ('a', 1, '2026-01-01 00:00:07')`);
  await query.waitForRows(1);
  expect(query.takeRows()).toEqual(['2026-01-01 00:00:00.000\ta\t30']);
  await query.close();
  expect(await server.run(`SELECT count() FROM table(${stream})`)).toEqual(['3']);
  await server.run(`DROP STREAM ${stream}`);
}

describe('a server whose embedded broker is secured', () => {
  it('creates streams, writes and runs window queries as before', () => runsWindows(owner, 'own_cars'));

  it('lets in who shows a certificate and knows a password', async () => {
    const client = new KafkaClient({ brokers: owner.brokers, clientId: 'test', ssl: { ca: authorityCertificate } });
    await expect(client.metadataOnce(null)).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE' });
    await client.close();
  });
});

describe('a server on a cluster with TLS and SASL', () => {
  it('creates streams, writes and runs window queries', () => runsWindows(guest, 'guest_cars'));

  it('shows its password nowhere', async () => {
    const shown = [...guest.log, ...owner.log].map((line) => JSON.stringify(line)).join('\n');
    const metrics = await (await fetch(`${guest.url}/metrics`)).text();
    const queries = await guest.run('SHOW QUERIES');
    for (const text of [shown, metrics, queries.join('\n')]) expect(text).not.toContain('pässword');
  });
});

describe('a plain broker', () => {
  it('is told from one with TLS or SASL', async () => {
    const plain = await openSecuredServer({});
    const trial = async (options: object) => {
      const client = new KafkaClient({ brokers: plain.brokers, clientId: 'test', ...options });
      const admin = createAdmin({ brokers: plain.brokers, clientId: 'test', ...options });
      const errors = [await client.metadataOnce(null).catch((error) => error), await admin.listTopics().catch((error) => error)];
      await Promise.all([client.close(), admin.close()]);
      return errors.map(({ code, hint }) => [code, hint]);
    };
    const offTls = ['KAFKA_BROKER_UNAVAILABLE', 'if the listener speaks no TLS, say kafka.ssl.enabled: false'];
    expect(await trial({ ssl: true })).toEqual([offTls, offTls]);
    const offSasl = ['KAFKA_AUTHENTICATION_FAILED', 'take kafka.sasl.mechanism away, or name a listener with SASL in kafka.brokers'];
    const proving = await trial({ sasl: { mechanism: 'SCRAM-SHA-256', username: 'x', password: 'y' } });
    expect(proving).toEqual([offSasl, offSasl]);
    await plain.close();
  });
});

describe('a server that its cluster does not let in', () => {
  it('starts, and says in its log what is wrong', async () => {
    const asking = await openSecuredServer({ 'broker.sasl.mechanisms': ['PLAIN'] });
    const stranger = await openSecuredServer({
      'kafka.brokers': asking.brokers,
      'kafka.sasl.mechanism': 'PLAIN',
      'kafka.sasl.username': 'ann',
      'kafka.sasl.password': 'wrong',
    });
    await expect(stranger.run('CREATE STREAM s (n int32)')).rejects.toThrow('the broker refuses user "ann"');
    expect(stranger.log.find(({ message }) => message === 'the Kafka cluster cannot be used yet')).toMatchObject({
      level: 'warn',
      fields: { error: expect.stringContaining('the broker refuses user "ann"'), hint: 'see kafka.sasl.username and kafka.sasl.password' },
    });
    await Promise.all([stranger.close(), asking.close()]);
  });
});

describe('a broker with SASL', () => {
  it('says so to clients that prove nothing', async () => {
    const asking = await openSecuredServer({ 'broker.sasl.mechanisms': ['PLAIN'] });
    const client = new KafkaClient({ brokers: asking.brokers, clientId: 'test' });
    const admin = createAdmin({ brokers: asking.brokers, clientId: 'test' });
    const hint = 'if the listener asks for SASL, set kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password';
    await expect(client.metadataOnce(null)).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE', hint });
    await expect(admin.listTopics()).rejects.toMatchObject({ code: 'KAFKA_BROKER_UNAVAILABLE', hint });
    await Promise.all([client.close(), admin.close(), asking.close()]);
  });
});

describe('one client', () => {
  it('writes over connections that are proved anew, again and again', async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'millrace-renewed-'));
    const broker = new Broker({ dataDirectory, port: 0, sasl: { users: { ann: 'secret' }, maxReauthMs: 200 } });
    await broker.open();
    const sasl = { mechanism: 'SCRAM-SHA-256', username: 'ann', password: 'secret' } as const;
    const client = new KafkaClient({ brokers: [broker.address], clientId: 'test', sasl });
    // The broker makes a topic that is asked for by name.
    await client.requestAny(apis.metadata, { topics: [{ name: 'kept' }], allowAutoTopicCreation: true });
    const producer = openProducer(client);
    const endMs = performance.now() + 1000;
    let count = 0;
    for (; performance.now() < endMs; count++) await producer.append('kept', 0, Date.now(), null, Buffer.from(`${count}`));
    await producer.close();
    expect(count).toBeGreaterThan(50);
    expect(await listOffsets(client, 'kept', [0], 'latest')).toEqual([count]);
    await client.close();
    await broker.close();
    rmSync(dataDirectory, { recursive: true });
  }, 30_000);
});
