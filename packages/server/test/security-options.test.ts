import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration, showConfiguration } from '@millrace/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterOptions, securityWarnings } from '../src/configuration/cluster-options.ts';
import { embeddedBrokerOptions, withOwnAccess } from '../src/configuration/embedded-broker-options.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-security-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string, mode = 0o600) => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  return name;
};
const load = (flags: Readonly<Record<string, unknown>>) => loadConfiguration({ workingDirectory: folder, flags }).values;
const problemsOf = (flags: Readonly<Record<string, unknown>>) => {
  try {
    load(flags);
    return [];
  } catch (error) {
    return (error as { details: { problems: string[] } }).details.problems;
  }
};
const proof = { 'kafka.sasl.mechanism': 'SCRAM-SHA-512', 'kafka.sasl.username': 'ann' };

describe('access to a cluster', () => {
  it('asks for nothing by default', () => {
    expect(clusterOptions(load({ 'kafka.brokers': 'a:1' }))).toEqual({ brokers: ['a:1'] });
  });

  it('is read from files beside the configuration', () => {
    write('ca.pem', 'authority');
    write('own.pem', 'certificate');
    write('own.key', 'key');
    write('password', 'two\nlines \n');
    const values = load({
      ...proof,
      'kafka.brokers': 'a:1',
      'kafka.ssl.enabled': true,
      'kafka.ssl.ca': 'ca.pem',
      'kafka.ssl.cert': 'own.pem',
      'kafka.ssl.key': 'own.key',
      'kafka.ssl.server_name': 'kafka',
      'kafka.sasl.password_file': 'password',
    });
    expect(clusterOptions(values)).toEqual({
      brokers: ['a:1'],
      ssl: { ca: 'authority', cert: 'certificate', key: 'key', servername: 'kafka', verify: 'full' },
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'ann', password: 'two\nlines ' },
    });
    expect(securityWarnings(values)).toEqual([]);
  });

  it('shows no password, and repeats none that is not legal', () => {
    const configuration = loadConfiguration({ workingDirectory: folder, flags: { ...proof, 'kafka.sasl.password': 'open sesame' } });
    expect(JSON.stringify(showConfiguration(configuration))).not.toContain('sesame');
    expect(problemsOf({ ...proof, 'kafka.sasl.password': 424242 }).join()).toMatch(/^flag: kafka\.sasl\.password takes a text, in quotes/);
    expect(problemsOf({ ...proof, 'kafka.sasl.password': 424242 }).join()).not.toContain('424242');
  });

  it.each([
    [proof, 'kafka.sasl.mechanism: needs kafka.sasl.password or kafka.sasl.password_file'],
    [{ ...proof, 'kafka.sasl.username': '', 'kafka.sasl.password': 'x' }, 'kafka.sasl.mechanism: needs kafka.sasl.username'],
    [{ 'kafka.sasl.username': 'ann' }, 'kafka.sasl.username: needs kafka.sasl.mechanism'],
    [
      { ...proof, 'kafka.sasl.password': 'x', 'kafka.sasl.password_file': 'y' },
      'kafka.sasl.password_file: stands beside kafka.sasl.password; one of them is enough',
    ],
    [{ 'kafka.ssl.cert': 'x' }, 'kafka.ssl.cert: needs kafka.ssl.key'],
    [{ 'kafka.ssl.key': 'x' }, 'kafka.ssl.key: needs kafka.ssl.cert'],
  ])('%j is refused', (flags, problem) => expect(problemsOf(flags)).toEqual([problem]));

  it('is warned of where it is open to others', () => {
    write('password', 'secret\n', 0o644);
    const values = load({
      'kafka.sasl.mechanism': 'PLAIN',
      'kafka.sasl.username': 'ann',
      'kafka.sasl.password_file': 'password',
    });
    expect(securityWarnings(values)).toEqual([
      `kafka.sasl.password_file: ${join(folder, 'password')} can be read by other users of this machine`,
      'kafka.sasl.mechanism: PLAIN without kafka.ssl.enabled sends the password as it is',
    ]);
    expect(securityWarnings(load({ 'kafka.ssl.enabled': true, 'kafka.ssl.verify': 'none' }))).toEqual([
      'kafka.ssl.verify: with none anybody on the way can pretend to be the broker',
    ]);
  });

  it('names a file that cannot be read, and an empty one', () => {
    const from = (file: string) => () => clusterOptions(load({ ...proof, 'kafka.sasl.password_file': file }));
    expect(from('none')).toThrow(/^kafka\.sasl\.password_file: cannot read .*none: ENOENT/);
    expect(from(write('empty', '\n'))).toThrow(/empty is empty$/);
  });
});

describe('access to the embedded broker', () => {
  const secured = () => {
    write('broker.pem', 'certificate');
    write('broker.key', 'key');
    write('users.yaml', 'ann: "12345"\n');
    return {
      'broker.ssl.enabled': true,
      'broker.ssl.cert': 'broker.pem',
      'broker.ssl.key': 'broker.key',
      'broker.sasl.mechanisms': 'PLAIN',
      'broker.sasl.users_file': 'users.yaml',
      'broker.sasl.max_reauth': '1h',
    };
  };

  it('is open on loopback by default', () => {
    const options = embeddedBrokerOptions(load({}));
    expect([options.host, options.tls, options.sasl]).toEqual(['127.0.0.1', undefined, undefined]);
    expect(withOwnAccess(options)).toEqual({ options, cluster: {} });
  });

  it('is read from files', () => {
    const { tls, sasl } = embeddedBrokerOptions(load(secured()));
    expect(tls).toEqual({ cert: 'certificate', key: 'key', clientAuth: 'none' });
    expect(sasl).toEqual({ mechanisms: ['PLAIN'], users: { ann: '12345' }, maxReauthMs: 3_600_000 });
  });

  it('lets the server in by a password that is another one each time', () => {
    const given = embeddedBrokerOptions(load(secured()));
    const [first, second] = [withOwnAccess(given), withOwnAccess(given)];
    const { username, password } = first.cluster.sasl!;
    expect(first.options.sasl?.users).toEqual({ ann: '12345', [username]: password });
    expect(password).toHaveLength(43);
    expect(second.cluster.sasl?.password).not.toBe(password);
    expect(first.cluster.ssl).toMatchObject({ ca: 'certificate', verify: 'certificate' });
  });

  it.each(['ann: 12345\n', '- ann\n', 'ann:\n', 'ann: ""\n', '', 'ann: [\n'])(
    'does not take %j for users, and repeats nothing of it',
    (text) => {
      write('wrong.yaml', text);
      const read = () => embeddedBrokerOptions(load({ ...secured(), 'broker.sasl.users_file': 'wrong.yaml' }));
      expect(read).toThrow(/wrong\.yaml has to be a YAML map of names and passwords, each a text in quotes$/);
    },
  );

  it.each([
    [{ 'broker.ssl.enabled': true, 'broker.ssl.cert': 'x' }, 'broker.ssl.enabled: needs broker.ssl.key'],
    [
      { 'broker.ssl.enabled': true, 'broker.ssl.cert': 'x', 'broker.ssl.key': 'x', 'broker.ssl.client_auth': 'required' },
      'broker.ssl.client_auth: needs broker.ssl.ca',
    ],
    [
      { 'broker.ssl.client_auth': 'required', 'broker.ssl.ca': 'ca.pem' },
      'broker.ssl.client_auth: needs broker.ssl.enabled, without which nobody is asked for a certificate',
    ],
    [{ 'broker.sasl.mechanisms': 'GSSAPI' }, 'broker.sasl.mechanisms: "GSSAPI" is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512'],
    [
      { 'broker.sasl.users_file': 'users.yaml' },
      'broker.sasl.users_file: needs broker.sasl.mechanisms, without which nobody is asked who he is',
    ],
    [{ 'broker.sasl.max_reauth': '5s' }, 'broker.sasl.max_reauth: is shorter than 15s, which keeps clients from anything else'],
    [
      { 'broker.listen': '0.0.0.0' },
      'broker.listen: 0.0.0.0 is no address to connect to: say broker.advertised_host, which clients are told',
    ],
  ])('%j is refused', (flags, problem) => expect(problemsOf(flags)).toEqual([problem]));
});
