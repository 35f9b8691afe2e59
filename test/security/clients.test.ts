import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedBroker, startBroker } from '@millrace/broker';
import {
  createAdmin,
  KafkaClient,
  listScramUsers,
  openProducer,
  openReader,
  removeScramUser,
  setScramPassword,
} from '@millrace/kafka-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as certificates from '../../packages/kafka-client/test/tls-certificates.ts';
import { hasCommand } from '../harness/process.ts';
import { type SecretFiles, writeSecretFiles } from './secured-server.ts';

/** kcat is built on librdkafka: a client in C that shares nothing with ours. */
const hasKcat = hasCommand('kcat');
if (!hasKcat) console.log('skipped: kcat is not installed');

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const password = 'pass word=,"\\ü';
const sasl = { mechanisms: [...mechanisms], users: { ann: password }, failureDelayMs: 10 };
const tls = { cert: certificates.brokerCertificate, key: certificates.brokerKey, ca: certificates.authorityCertificate };
const listeners = { plain: { sasl }, encrypted: { sasl, tls }, mutual: { tls: { ...tls, clientAuth: 'required' } } } as const;
type Listener = keyof typeof listeners;

const folder = mkdtempSync(join(tmpdir(), 'millrace-clients-'));
let files: SecretFiles;
let brokers: Readonly<Record<Listener, EmbeddedBroker>>;
beforeAll(async () => {
  files = writeSecretFiles();
  const start = async (name: Listener) =>
    [name, await startBroker({ dataDirectory: join(folder, name), port: 0, ...listeners[name] })] as const;
  const started = await Promise.all((Object.keys(listeners) as Listener[]).map(start));
  brokers = Object.fromEntries(started) as Record<Listener, EmbeddedBroker>;
});
afterAll(async () => {
  await Promise.all(Object.values(brokers ?? {}).map((broker) => broker.close()));
  files?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const ways = (['plain', 'encrypted'] as const).flatMap((listener) => mechanisms.map((mechanism) => ({ listener, mechanism })));
const ssl = { ca: certificates.authorityCertificate };

describe.skipIf(!hasKcat)('kcat', () => {
  const kcat = (listener: Listener, args: readonly string[], input = '') =>
    spawnSync('kcat', ['-b', brokers[listener].address, ...args], { input, encoding: 'utf8', timeout: 30_000 });
  const trust = () => ['-X', `ssl.ca.location=${files.authority}`];
  const proof = (listener: Listener, mechanism: string, secret: string) => [
    ...['-X', `security.protocol=${listener === 'plain' ? 'SASL_PLAINTEXT' : 'SASL_SSL'}`],
    ...(listener === 'plain' ? [] : trust()),
    ...['-X', `sasl.mechanisms=${mechanism}`, '-X', 'sasl.username=ann', '-X', `sasl.password=${secret}`],
  ];

  it.each(ways)('writes and reads by $mechanism on a listener that is $listener', ({ listener, mechanism }) => {
    const topic = `kcat-${mechanism}`;
    const access = proof(listener, mechanism, password);
    expect(kcat(listener, ['-P', '-t', topic, ...access], 'one\ntwo\n').status).toBe(0);
    expect(kcat(listener, ['-C', '-t', topic, '-o', 'beginning', '-e', '-q', ...access]).stdout).toBe('one\ntwo\n');
  });

  it.each(mechanisms)('is refused with a wrong password by %s', (mechanism) => {
    const refused = kcat('encrypted', ['-L', '-m', '1', ...proof('encrypted', mechanism, 'guess')]);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/invalid credentials with SASL mechanism/);
  });

  it('shows its certificate where it is asked for, and is refused without', () => {
    const access = ['-X', 'security.protocol=SSL', ...trust()];
    const own = ['-X', `ssl.certificate.location=${files.clientCertificate}`, '-X', `ssl.key.location=${files.clientKey}`];
    expect(kcat('mutual', ['-L', ...access, ...own]).stdout).toMatch(/1 brokers:/);
    expect(kcat('mutual', ['-L', '-m', '1', ...access]).status).not.toBe(0);
  });
});

describe('our client', () => {
  it.each(ways)('writes and reads by $mechanism on a listener that is $listener', async ({ listener, mechanism }) => {
    const access = { ...(listener === 'encrypted' && { ssl }), sasl: { mechanism, username: 'ann', password } };
    const options = { brokers: [brokers[listener].address], clientId: 'test', ...access };
    const [client, admin] = [new KafkaClient(options), createAdmin(options)];
    const topic = `own-${mechanism}`;
    await admin.createTopic({ topic, partitions: 1 });
    const producer = openProducer(client);
    await producer.append(topic, 0, 1, null, Buffer.from('one'));
    await producer.close();
    const reader = openReader(client);
    reader.assign([{ topic, partition: 0, offset: 0 }]);
    let nextOffset = 0;
    while (nextOffset < 1) for (const fetched of await reader.next()) nextOffset = fetched.nextOffset;
    await reader.close();
    await Promise.all([client.close(), admin.close()]);
  });

  it('gives users passwords and takes them away', async () => {
    const address = [brokers.plain.address];
    const clientOf = (username: string, secret: string) =>
      new KafkaClient({ brokers: address, clientId: 'test', sasl: { mechanism: 'SCRAM-SHA-512', username, password: secret } });
    const ann = clientOf('ann', password);
    await setScramPassword(ann, 'bob', 'first');
    await setScramPassword(ann, 'bob', 'second');
    expect(await listScramUsers(ann)).toEqual([
      { user: 'ann', mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-512'] },
      { user: 'bob', mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-512'] },
    ]);
    const bob = clientOf('bob', 'second');
    await expect(setScramPassword(bob, 'eve', 'x')).rejects.toMatchObject({
      code: 'KAFKA_REQUEST_REFUSED',
      details: { kafkaError: 'CLUSTER_AUTHORIZATION_FAILED' },
    });
    expect(await removeScramUser(ann, 'bob')).toBe(true);
    expect(await removeScramUser(ann, 'bob')).toBe(false);
    const late = clientOf('bob', 'second');
    await expect(late.metadataOnce(null)).rejects.toMatchObject({ code: 'KAFKA_AUTHENTICATION_FAILED' });
    await Promise.all([ann.close(), bob.close(), late.close()]);
  });
});

describe('the administration', () => {
  it('says so where a broker tells its clients to come by a name that its certificate is not for', async () => {
    const broker = await startBroker({ dataDirectory: join(folder, 'elsewhere'), port: 0, tls, advertisedHost: '0.0.0.0' });
    const admin = createAdmin({ brokers: [`127.0.0.1:${broker.port}`], clientId: 'test', ssl });
    await expect(admin.listTopics()).rejects.toMatchObject({
      code: 'KAFKA_TLS_FAILED',
      message: expect.stringContaining(`no TLS connection to 0.0.0.0:${broker.port}`),
      hint: expect.stringContaining('where the broker tells its clients to come (broker.advertised_host)'),
    });
    await admin.close();
    await broker.close();
  });
});
