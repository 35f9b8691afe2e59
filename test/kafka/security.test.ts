import {
  createAdmin,
  KafkaClient,
  listOffsets,
  listScramUsers,
  openProducer,
  removeScramUser,
  setScramPassword,
} from '@millrace/kafka-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as certificates from '../../packages/kafka-client/test/tls-certificates.ts';
import { LiveQuery } from '../harness/live-query.ts';
import { openSecuredServer, type SecretFiles, writeSecretFiles } from '../security/secured-server.ts';

/** The listener of Apache Kafka with TLS and SASL, where this run has one. */
const secureBrokers = process.env['KAFKA_SECURE_BROKERS'];
if (secureBrokers === undefined) console.log('skipped: the cluster has no listener with TLS and SASL (KAFKA_SECURE_BROKERS)');

const ssl = { ca: certificates.authorityCertificate };
const password = 'pass word=,"ü';
const run = `security-${Date.now()}`;

describe.skipIf(secureBrokers === undefined)('Apache Kafka with TLS and SASL', () => {
  let files: SecretFiles;
  const openly = new KafkaClient({ brokers: [process.env['KAFKA_BROKERS'] ?? ''], clientId: 'test' });
  const options = (mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512', username: string, secret: string) => ({
    brokers: [secureBrokers!],
    clientId: 'test',
    ssl,
    sasl: { mechanism, username, password: secret },
  });

  beforeAll(async () => {
    files = writeSecretFiles();
    await setScramPassword(openly, run, password);
    // Kafka's nodes learn of a credential when it has been replicated.
    while (!(await listScramUsers(openly)).some(({ user }) => user === run)) await new Promise((resolve) => setTimeout(resolve, 50));
  });
  afterAll(async () => {
    expect(await removeScramUser(openly, run)).toBe(true);
    await openly.close();
    files.remove();
  });

  it.each([
    ['PLAIN', 'plain', 'secret'],
    ['SCRAM-SHA-256', run, password],
    ['SCRAM-SHA-512', run, password],
  ] as const)('lets our client in by %s, and not with another password', async (mechanism, username, secret) => {
    const client = new KafkaClient(options(mechanism, username, secret));
    expect(await client.metadataOnce([])).toEqual([]);
    await client.close();
    const stranger = new KafkaClient(options(mechanism, username, 'guess'));
    await expect(stranger.metadataOnce([])).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION_FAILED' });
    await stranger.close();
  });

  it('is told from a listener without by what our client says', async () => {
    const trial = async (changes: object) => {
      const client = new KafkaClient({ ...options('SCRAM-SHA-256', run, password), ...changes });
      const error = await client.metadataOnce(null).catch((failure) => failure);
      await client.close();
      return [error.code, error.hint];
    };
    expect(await trial({ ssl: true })).toEqual(['KAFKA_TLS_FAILED', expect.stringContaining('kafka.ssl.ca')]);
    expect(await trial({ ssl: false })).toEqual([expect.stringMatching(/^KAFKA_/), expect.stringContaining('kafka.ssl.enabled: true')]);
    expect(await trial({ brokers: [process.env['KAFKA_BROKERS']!] })).toEqual([
      'KAFKA_BROKER_UNAVAILABLE',
      'if the listener speaks no TLS, say kafka.ssl.enabled: false',
    ]);
    expect(await trial({ brokers: [process.env['KAFKA_BROKERS']!], ssl: false })).toEqual([
      'KAFKA_AUTHENTICATION_FAILED',
      expect.stringContaining('take kafka.sasl.mechanism away'),
    ]);
  });

  it('takes what a producer writes while its sessions run out', async () => {
    const admin = createAdmin(options('SCRAM-SHA-256', run, password));
    await admin.createTopic({ topic: run, partitions: 1 });
    const client = new KafkaClient(options('SCRAM-SHA-512', run, password));
    const producer = openProducer(client);
    const endMs = performance.now() + 2500;
    let count = 0;
    for (; performance.now() < endMs; count++) await producer.append(run, 0, Date.now(), null, Buffer.from(`${count}`));
    await producer.close();
    expect(await listOffsets(client, run, [0], 'latest')).toEqual([count]);
    await client.close();
    await admin.deleteTopic(run);
    await admin.close();
  });

  it('serves a server that writes and runs window queries', async () => {
    const server = await openSecuredServer({
      'kafka.brokers': [secureBrokers!],
      'kafka.ssl.enabled': true,
      'kafka.ssl.ca': files.authority,
      'kafka.ssl.cert': files.clientCertificate,
      'kafka.ssl.key': files.clientKey,
      'kafka.sasl.mechanism': 'SCRAM-SHA-256',
      'kafka.sasl.username': run,
      'kafka.sasl.password_file': files.write('password', `${password}\n`),
    });
    await server.run("CREATE STREAM secured_cars (car string, at datetime64(3)) SETTINGS event_time_column='at'");
    const query = await LiveQuery.open(server.url, 'SELECT window_start, count() FROM tumble(secured_cars, 5s) GROUP BY window_start');
    await server.run("INSERT INTO secured_cars VALUES ('a', '2026-01-01 00:00:01'), ('b', '2026-01-01 00:00:07')");
    await query.waitForRows(1);
    expect(query.takeRows()).toEqual(['2026-01-01 00:00:00.000\t1']);
    await query.close();
    await server.run('DROP STREAM secured_cars');
    await server.close();
  });
});
