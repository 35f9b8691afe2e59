import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedBroker, startBroker } from '@millrace/broker';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as certificates from '../../../packages/kafka-client/test/tls-certificates.ts';
import { pollUntil, record, uniqueName, values } from '../behaviour.ts';
import { type DriverCommand, startDriver } from '../driver-process.ts';
import { javaDriver, whatJavaLacks } from '../java/java-driver.ts';
import { pythonDriver, whatPythonLacks } from '../python/virtual-environment.ts';
import { isHere } from '../runtimes.ts';

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
type Mechanism = (typeof mechanisms)[number];
const password = 'pass word=,ü';

let folder: string;
let broker: EmbeddedBroker;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-secured-'));
  writeFileSync(join(folder, 'authority.pem'), certificates.authorityCertificate);
  broker = await startBroker({
    dataDirectory: join(folder, 'broker'),
    port: 0,
    autoCreateTopics: false,
    sasl: { mechanisms: [...mechanisms], users: { ann: password } },
    tls: { cert: certificates.brokerCertificate, key: certificates.brokerKey },
  });
});
afterAll(async () => {
  await broker?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A client, and how it is told who it is. */
interface Secured {
  readonly name: string;
  readonly driver: DriverCommand;
  readonly mechanisms: readonly Mechanism[];
  settings(mechanism: Mechanism, user: string, secret: string): Record<string, string>;
}

const clients: Secured[] = [];
if (isHere(whatJavaLacks('4.1.1') ?? whatJavaLacks('3.9.1'))) {
  const java = (version: string) => ({
    name: `Apache Kafka's Java clients ${version}`,
    driver: javaDriver(version),
    settings: javaSettings,
  });
  clients.push({ ...java('4.1.1'), mechanisms }, { ...java('3.9.1'), mechanisms: ['SCRAM-SHA-512'] });
}
if (isHere(whatPythonLacks())) {
  clients.push({ name: 'confluent-kafka', driver: pythonDriver('confluent.py'), mechanisms, settings: confluentSettings });
  clients.push({ name: 'kafka-python', driver: pythonDriver('kafka_python.py'), mechanisms, settings: kafkaPythonSettings });
}

function javaSettings(mechanism: Mechanism, user: string, secret: string): Record<string, string> {
  const module = mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule';
  return {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': mechanism,
    'sasl.jaas.config': `org.apache.kafka.common.security.${module} required username="${user}" password="${secret}";`,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.certificates': certificates.authorityCertificate,
  };
}

function confluentSettings(mechanism: Mechanism, user: string, secret: string): Record<string, string> {
  return {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': mechanism,
    'sasl.username': user,
    'sasl.password': secret,
    'ssl.ca.pem': certificates.authorityCertificate,
  };
}

function kafkaPythonSettings(mechanism: Mechanism, user: string, secret: string): Record<string, string> {
  return {
    security_protocol: 'SASL_SSL',
    sasl_mechanism: mechanism,
    sasl_plain_username: user,
    sasl_plain_password: secret,
    ssl_cafile: join(folder, 'authority.pem'),
  };
}

function open({ driver, settings }: Secured, mechanism: Mechanism, user: string, secret: string) {
  const client = startDriver({ ...driver, env: { DRIVER_SETTINGS: JSON.stringify(settings(mechanism, user, secret)) } }, broker.address);
  onTestFinished(() => client.close());
  return client;
}

describe.each(clients)('$name, over TLS', (client) => {
  it.each(client.mechanisms)('writes, reads and commits as a user who is known by %s', async (mechanism) => {
    const known = open(client, mechanism, 'ann', password);
    const [topic, group] = [uniqueName('secret'), uniqueName('group')];
    await known.createTopic({ topic, partitions: 1, configs: {} });
    await known.produce({ topic, codec: 'none', records: [record(0, 'a'), record(0, 'b')] });
    await known.join({ member: 'm', group, topic });
    const [read] = await pollUntil([{ client: known, member: 'm' }], ([polled]) => polled!.records.length >= 2);
    expect(values(read!.records)).toEqual(['a', 'b']);
    await known.commit({ member: 'm' });
    await known.leave({ member: 'm' });
    expect(await known.committed({ group, topic, partition: 0 })).toBe(2);
  });
});

const java = clients.find(({ name }) => name.includes('Java'));
if (java !== undefined)
  describe("Kafka's Admin", () => {
    it('is refused with a wrong password', async () => {
      await expect(open(java, 'SCRAM-SHA-512', 'ann', 'guessed').topics({})).rejects.toThrow(/SaslAuthenticationException/);
    });

    it('gives a user a password, who is then known by it', async () => {
      const admin = open(java, 'SCRAM-SHA-512', 'ann', password);
      await admin.call('setPassword', { user: 'bob', mechanism: 'SCRAM-SHA-256', password: 'of bob' });
      expect(await admin.call('passwords', { user: 'bob' })).toEqual(['SCRAM-SHA-256']);
      expect(await open(java, 'SCRAM-SHA-256', 'bob', 'of bob').topics({})).toEqual(expect.any(Array));
    });
  });
