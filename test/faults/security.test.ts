import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '@millrace/broker';
import { asMillraceError } from '@millrace/core';
import { afterAll, beforeAll, expect } from 'vitest';
import * as certificates from '../../packages/kafka-client/test/tls-certificates.ts';
import { openSecuredServer, type SecretFiles, type SecuredServer, writeSecretFiles } from '../security/secured-server.ts';
import { playRows } from './play-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-fault-security-'));
const tls = { cert: certificates.brokerCertificate, key: certificates.brokerKey, ca: certificates.authorityCertificate };
const sasl = { mechanisms: ['SCRAM-SHA-512', 'PLAIN'], users: { ann: 'secret' }, failureDelayMs: 1 } as const;
const listeners = { open: {}, proving: { sasl }, encrypted: { tls, sasl }, mutual: { tls: { ...tls, clientAuth: 'required' } } } as const;
type Listener = keyof typeof listeners;

let files: SecretFiles;
let brokers: Readonly<Record<Listener, Broker>>;
/** Works with the broker that wants most, while others are turned away. */
let witness: SecuredServer;

beforeAll(async () => {
  files = writeSecretFiles();
  const opened = (Object.keys(listeners) as Listener[]).map(async (name) => {
    const broker = new Broker({ dataDirectory: join(folder, name), port: 0, ...listeners[name] });
    await broker.open();
    return [name, broker] as const;
  });
  brokers = Object.fromEntries(await Promise.all(opened)) as Record<Listener, Broker>;
  witness = await openSecuredServer(access('encrypted'));
  await witness.run('CREATE STREAM witness (n int32); INSERT INTO witness VALUES (0)');
});
afterAll(async () => {
  await witness?.close();
  await Promise.all(Object.values(brokers ?? {}).map((broker) => broker.close()));
  files?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** What a server needs for the broker behind TLS and SASL. */
function access(listener: Listener): Record<string, unknown> {
  return {
    'kafka.brokers': brokers[listener].address,
    'kafka.ssl.enabled': true,
    'kafka.ssl.ca': files.authority,
    'kafka.sasl.mechanism': 'SCRAM-SHA-512',
    'kafka.sasl.username': 'ann',
    'kafka.sasl.password': 'secret',
  };
}

const noSasl = { 'kafka.sasl.mechanism': 'none', 'kafka.sasl.username': '', 'kafka.sasl.password': '' };
const noTls = { 'kafka.ssl.enabled': false };

/** What a server says to a statement that needs the broker. @param hint what the message has to advise */
async function refusal(listener: Listener, changes: object, hint: string): Promise<string> {
  const server = await openSecuredServer({ ...access(listener), ...changes });
  try {
    const said = await server.run('CREATE STREAM refused (n int32)').then(
      () => 'it is created',
      (error: Error) => error.message,
    );
    expect(said).toContain('hint: ');
    expect(said.split('hint: ')[1]).toContain(hint);
    return said;
  } finally {
    await server.close();
  }
}

/** What a server says that cannot start. */
async function failure(flags: object): Promise<string> {
  const error = await openSecuredServer(flags as Record<string, unknown>).then(
    () => asMillraceError('it started'),
    (thrown: unknown) => asMillraceError(thrown),
  );
  return `${error.code}: ${error.message}`;
}

playRows(
  'TLS and SASL',
  {
    'a wrong name or password': () => refusal('encrypted', { 'kafka.sasl.password': 'guess' }, 'kafka.sasl.password'),
    'a SASL mechanism that the broker does not take': () =>
      refusal('encrypted', { 'kafka.sasl.mechanism': 'SCRAM-SHA-256' }, 'set kafka.sasl.mechanism'),
    'SASL on a listener without it': () => refusal('open', noTls, 'take kafka.sasl.mechanism away'),
    'no SASL on a listener that asks for it': () => refusal('proving', { ...noTls, ...noSasl }, 'set kafka.sasl.mechanism'),
    'a broker whose certificate is not trusted': () => refusal('encrypted', { 'kafka.ssl.ca': '' }, 'kafka.ssl.ca'),
    'a broker whose certificate is for another host': () =>
      refusal('encrypted', { 'kafka.ssl.server_name': 'kafka.example' }, 'kafka.ssl.server_name'),
    'no TLS on a listener that speaks it': () => refusal('encrypted', noTls, 'kafka.ssl.enabled: true'),
    'TLS on a listener without it': () => refusal('proving', {}, 'kafka.ssl.enabled: false'),
    'the broker asks for a certificate of the client': () => refusal('mutual', noSasl, 'kafka.ssl.cert'),
    'a file with a certificate, key or password that cannot be read': () =>
      failure({ ...access('encrypted'), 'kafka.ssl.ca': join(folder, 'none') }),
    'a certificate of the embedded broker that does not belong to its key': () =>
      failure({ 'broker.ssl.enabled': true, 'broker.ssl.cert': files.brokerCertificate, 'broker.ssl.key': files.clientKey }),
  },
  async () => expect(await witness.run('SELECT n FROM table(witness)')).toEqual(['0']),
);
