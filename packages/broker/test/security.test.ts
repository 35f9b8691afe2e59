import { pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FakeClock } from '@millrace/core';
import { apis, errorCode, errorOf } from '@millrace/kafka-protocol';
import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as certificates from '../../kafka-client/test/tls-certificates.ts';
import { PlainExchange } from '../src/security/plain-exchange.ts';
import { ScramExchange } from '../src/security/scram-exchange.ts';
import { keysOfPassword, saltBytes } from '../src/security/scram-keys.ts';
import type { ScramMechanism } from '../src/security/scram-mechanism.ts';
import { RawClient } from './raw-client.ts';
import { answerChallenge } from './sasl-client.ts';
import { openBroker, recordingLogger, temporaryDirectory } from './test-broker.ts';

const users = { ann: 'secret', 'o=b,c': 'pässwörd' };
const tls = { cert: certificates.brokerCertificate, key: certificates.brokerKey };
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const text = (outcome: { kind: string; reply?: Buffer }) => outcome.reply?.toString();

describe('SCRAM as a server', () => {
  const known = async (mechanism: ScramMechanism, password: string, salt: string) => {
    const keys = await keysOfPassword(mechanism, password, Buffer.from(salt, 'base64'), 4096);
    return () => ({ keys, isKnown: true });
  };

  it('says what the example of RFC 7677 says', async () => {
    const lookup = await known('SCRAM-SHA-256', 'pencil', 'W22ZaJ0SNY7soEsUEjb6gQ==');
    const exchange = new ScramExchange('SCRAM-SHA-256', lookup, '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
    const challenge = exchange.evaluate(Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'));
    expect(text(challenge)).toBe('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096');
    const final = 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
    const last = exchange.evaluate(Buffer.from(final));
    expect(last).toMatchObject({ kind: 'accepted', user: 'user' });
    expect(text(last)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it.each([
    ['SCRAM-SHA-256', 'sha256'],
    ['SCRAM-SHA-512', 'sha512'],
  ] as const)('%s takes names with signs of its own, extensions and a flag for channel binding', async (mechanism, hash) => {
    const exchange = new ScramExchange(mechanism, await known(mechanism, 'pw', 'c2FsdHNhbHQ='));
    const first = 'n=a=3Db=2Cc,r=abc,x=1';
    const challenge = text(exchange.evaluate(Buffer.from(`y,a=a=3Db=2Cc,${first}`)))!;
    const { message, verifier } = answerChallenge(hash, { first, challenge, password: 'pw', header: 'y,a=a=3Db=2Cc,' });
    const last = exchange.evaluate(Buffer.from(message));
    expect(last).toMatchObject({ kind: 'accepted', user: 'a=b,c' });
    expect(text(last)).toBe(verifier);
  });

  it("takes a client's nonce twice, as older librdkafka says it", async () => {
    const exchange = new ScramExchange('SCRAM-SHA-256', await known('SCRAM-SHA-256', 'pw', 'c2FsdA=='));
    const challenge = text(exchange.evaluate(Buffer.from('n,,n=a,r=b')))!;
    const { message } = answerChallenge('sha256', { first: 'n=a,r=b', challenge, password: 'pw', repeated: 'b' });
    expect(exchange.evaluate(Buffer.from(message))).toMatchObject({ kind: 'accepted' });
  });

  it.each(['', 'p=tls-unique,,n=a,r=b', 'n,,m=x,n=a,r=b', 'n,,n=a=b,r=c', 'n,,n=,r=c', 'n,,n=a', 'n,,n=a,r=', 'n,a=other,n=a,r=b', 'n'])(
    'refuses the first message %j',
    async (message) => {
      const exchange = new ScramExchange('SCRAM-SHA-256', await known('SCRAM-SHA-256', 'pw', 'c2FsdA=='));
      expect(exchange.evaluate(Buffer.from(message))).toMatchObject({ kind: 'refused' });
    },
  );

  it('refuses a final message of another challenge, binding, length or password', async () => {
    const final = async (change: (message: string) => string, password = 'pw') => {
      const exchange = new ScramExchange('SCRAM-SHA-256', await known('SCRAM-SHA-256', 'pw', 'c2FsdA=='));
      const challenge = text(exchange.evaluate(Buffer.from('n,,n=a,r=b')))!;
      const { message } = answerChallenge('sha256', { first: 'n=a,r=b', challenge, password });
      return exchange.evaluate(Buffer.from(change(message))).kind;
    };
    expect(await final((message) => message)).toBe('accepted');
    expect(await final((message) => message.replace('r=b', 'r=c'))).toBe('refused');
    expect(await final((message) => message.replace(/,p=/, 'x,p='))).toBe('refused');
    expect(await final((message) => message.replace('c=biws', 'c=eSws'))).toBe('refused');
    expect(await final((message) => message.replace(/p=.*/, 'p=AAAA'))).toBe('refused');
    expect(await final((message) => message.replace(/,p=.*/, ''))).toBe('refused');
    expect(await final(() => '')).toBe('refused');
    expect(await final((message) => message, 'px')).toBe('refused');
  });
});

describe('PLAIN as a server', () => {
  it('takes a name and its password, for nobody else', async () => {
    const keys = await keysOfPassword('SCRAM-SHA-256', 'pw');
    const exchange = new PlainExchange({
      lookupAny: (user) => ({ keys, isKnown: user === 'ann', mechanism: 'SCRAM-SHA-256' }),
      derive: (mechanism, password, { salt, iterations }) => keysOfPassword(mechanism, password, salt, iterations),
    });
    const kinds = [
      '\0ann\0pw',
      'ann\0ann\0pw',
      'bob\0ann\0pw',
      '\0ann\0px',
      '\0bob\0pw',
      '\0ann',
      '\0ann\0',
      '\0\0pw',
      'pw',
      '\0ann\0pw\0',
    ];
    const judged = await Promise.all(kinds.map(async (message) => (await exchange.evaluate(Buffer.from(message))).kind));
    expect(judged).toEqual(['accepted', 'accepted', ...Array(8).fill('refused')]);
  });
});

const kafkajs = (port: number, options: Partial<KafkaConfig>) =>
  new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING, retry: { retries: 0 }, ...options });

async function listsTopics(kafka: Kafka): Promise<string[]> {
  const admin = kafka.admin();
  onTestFinished(() => admin.disconnect());
  await admin.connect();
  return admin.listTopics();
}

describe.each([
  ['without TLS', {}, {}],
  ['with TLS', { tls }, { ssl: { ca: certificates.authorityCertificate } }],
] as const)('a listener %s', (_, onBroker, onClient) => {
  it.each(mechanisms)('lets in who knows the password, by %s', async (mechanism) => {
    const { port } = await openBroker({ ...onBroker, sasl: { mechanisms: [mechanism], users } });
    for (const [username, password] of Object.entries(users)) {
      const sasl = { mechanism: mechanism.toLowerCase() as 'plain', username, password };
      expect(await listsTopics(kafkajs(port, { ...onClient, sasl }))).toEqual([]);
    }
    for (const [username, password] of [
      ['ann', 'guess'],
      ['nobody', 'secret'],
    ] as const) {
      const sasl = { mechanism: mechanism.toLowerCase() as 'plain', username, password };
      await expect(listsTopics(kafkajs(port, { ...onClient, sasl }))).rejects.toThrow(/SASL|Authentication failed/);
    }
  });

  it('serves clients that prove nothing, where nothing is asked', async () => {
    const { port } = await openBroker(onBroker);
    expect(await listsTopics(kafkajs(port, onClient))).toEqual([]);
  });
});

describe('a listener with SASL', () => {
  const plain = (user: string, password: string) => ({ authBytes: Buffer.from(`\0${user}\0${password}`) });
  const open = async (options: object = {}) => {
    const logger = recordingLogger();
    const broker = await openBroker({ sasl: { mechanisms: [...mechanisms], users, failureDelayMs: 0, ...options } }, { logger });
    const client = await RawClient.open(broker.port);
    onTestFinished(() => client.close());
    return { broker, client, logger };
  };
  const metadata = (client: RawClient) => client.request(apis.metadata, 9, { topics: null });
  const login = async (client: RawClient, user = 'ann', password = 'secret') => {
    await client.request(apis.saslHandshake, 1, { mechanism: 'PLAIN' });
    return client.request(apis.saslAuthenticate, 2, plain(user, password));
  };

  it('answers ApiVersions before a proof, and nothing else', async () => {
    const { client, logger } = await open();
    expect((await client.request(apis.apiVersions, 3, { clientSoftwareName: 'x', clientSoftwareVersion: '1' })).errorCode).toBe(0);
    await expect(metadata(client)).rejects.toThrow('answered by closing the connection');
    expect(logger.lines[0]?.fields['error']).toBe('api 3 is not served before authentication (ILLEGAL_SASL_STATE)');
  });

  it('takes requests after it', async () => {
    const { client } = await open();
    expect(await login(client)).toMatchObject({ errorCode: 0, sessionLifetimeMs: 0 });
    expect((await metadata(client)).topics).toEqual([]);
    expect(errorOf((await client.request(apis.saslAuthenticate, 1, plain('ann', 'secret'))).errorCode).name).toBe('ILLEGAL_SASL_STATE');
  });

  it('names its mechanisms to who asks for another one, and closes', async () => {
    const { client } = await open();
    const answer = await client.request(apis.saslHandshake, 1, { mechanism: 'GSSAPI' });
    expect(answer).toEqual({ errorCode: errorCode('UNSUPPORTED_SASL_MECHANISM'), mechanisms: [...mechanisms] });
    await client.closed();
  });

  it('answers a wrong password late, says nothing of the user, and closes', async () => {
    const { client, logger } = await open({ failureDelayMs: 60 });
    const startMs = performance.now();
    const answer = await login(client, 'ann', 'guess');
    expect(performance.now() - startMs).toBeGreaterThan(55);
    expect(answer).toMatchObject({
      errorCode: errorCode('SASL_AUTHENTICATION_FAILED'),
      errorMessage: 'Authentication failed during authentication due to invalid credentials with SASL mechanism PLAIN',
    });
    await client.closed();
    expect(JSON.stringify(logger.lines)).not.toContain('guess');
    expect(logger.lines.map(({ message }) => message)).toEqual(['authentication failed']);
  });

  it('answers steps out of turn with ILLEGAL_SASL_STATE, and closes', async () => {
    const { broker, client } = await open();
    await client.request(apis.saslHandshake, 1, { mechanism: 'PLAIN' });
    expect(errorOf((await client.request(apis.saslHandshake, 1, { mechanism: 'PLAIN' })).errorCode).name).toBe('ILLEGAL_SASL_STATE');
    await client.closed();
    const second = await RawClient.open(broker.port);
    expect(errorOf((await second.request(apis.saslAuthenticate, 2, plain('ann', 'secret'))).errorCode).name).toBe('ILLEGAL_SASL_STATE');
    await second.closed();
  });

  it('takes tokens without headers after a handshake of version 0', async () => {
    const { broker, client } = await open();
    await client.request(apis.saslHandshake, 0, { mechanism: 'SCRAM-SHA-256' });
    const token = (message: string) => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(Buffer.byteLength(message));
      return Buffer.concat([size, Buffer.from(message)]);
    };
    client.sendBytes(token('n,,n=ann,r=abc'));
    const challenge = (await client.receive())!.toString();
    const { message, verifier } = answerChallenge('sha256', { first: 'n=ann,r=abc', challenge, password: 'secret' });
    client.sendBytes(token(message));
    expect((await client.receive())!.toString()).toBe(verifier);
    expect((await metadata(client)).topics).toEqual([]);
    const stranger = await RawClient.open(broker.port);
    await stranger.request(apis.saslHandshake, 0, { mechanism: 'PLAIN' });
    stranger.sendBytes(token('\0ann\0guess'));
    expect(await stranger.receive()).toBeUndefined();
  });

  it('gives a stranger no memory for a large request', async () => {
    const { client } = await open();
    const size = Buffer.alloc(4);
    size.writeInt32BE(600 * 1024);
    client.sendBytes(size);
    await client.closed();
  });

  it('lets a stranger go that takes its time', async () => {
    const clock = new FakeClock(0);
    const broker = await openBroker({ sasl: { users } }, { clock });
    const stranger = await RawClient.open(broker.port);
    await stranger.request(apis.apiVersions, 0, {});
    clock.advance(29_000);
    await stranger.request(apis.apiVersions, 0, {});
    clock.advance(7000);
    await stranger.closed();
  });

  it('challenges users that do not exist like others, the same way each time', async () => {
    const { broker } = await open();
    const challenge = async (user: string) => {
      const client = await RawClient.open(broker.port);
      onTestFinished(() => client.close());
      await client.request(apis.saslHandshake, 1, { mechanism: 'SCRAM-SHA-512' });
      const { authBytes } = await client.request(apis.saslAuthenticate, 2, { authBytes: Buffer.from(`n,,n=${user},r=abc`) });
      return authBytes.toString().replace(/r=[^,]*/, '');
    };
    const [known, unknown, again, other] = await Promise.all(['ann', 'zoe', 'zoe', 'zac'].map(challenge));
    expect(unknown).toHaveLength(known!.length);
    expect(again).toBe(unknown);
    expect(new Set([known, unknown, other]).size).toBe(3);
  });
});

describe('a session', () => {
  const open = async () => {
    const broker = await openBroker({ sasl: { mechanisms: [...mechanisms], users, failureDelayMs: 0, maxReauthMs: 300 } });
    const client = await RawClient.open(broker.port);
    onTestFinished(() => client.close());
    return client;
  };
  const prove = async (client: RawClient, user = 'ann', mechanism = 'PLAIN') => {
    const { errorCode: refused } = await client.request(apis.saslHandshake, 1, { mechanism });
    if (refused !== 0) return errorOf(refused).name;
    const authBytes = Buffer.from(`\0${user}\0${(users as Record<string, string>)[user]}`);
    const answer = await client.request(apis.saslAuthenticate, 1, { authBytes });
    expect(answer.sessionLifetimeMs).toBe(answer.errorCode === 0 ? 300 : 0);
    return errorOf(answer.errorCode).name;
  };
  const metadata = (client: RawClient) => client.request(apis.metadata, 9, { topics: [] });

  it('is renewed on the same connection, once a second at most', async () => {
    const client = await open();
    expect(await prove(client)).toBe('NONE');
    expect(await prove(client)).toBe('NONE');
    expect(await prove(client)).toBe('ILLEGAL_SASL_STATE');
    await metadata(client);
  });

  it('ends with its time', async () => {
    const client = await open();
    await prove(client);
    const startMs = performance.now();
    await expect(async () => {
      for (;;) await metadata(client);
    }).rejects.toThrow('answered by closing the connection');
    expect(performance.now() - startMs).toBeGreaterThan(250);
  });

  it.each([
    ['o=b,c', 'PLAIN'],
    ['ann', 'SCRAM-SHA-256'],
  ])('is not renewed as %s by %s', async (user, mechanism) => {
    const client = await open();
    await prove(client);
    expect(await prove(client, user, mechanism)).toBe('SASL_AUTHENTICATION_FAILED');
    await client.closed();
  });
});

describe('credentials', () => {
  const salted = (password: string, iterations = 4096) => ({
    iterations,
    salt: Buffer.from('some salt'),
    saltedPassword: pbkdf2Sync(password, 'some salt', iterations, 32, 'sha256'),
  });
  const upsertion = (name: string, password: string, changes: object = {}) => ({ name, mechanism: 1, ...salted(password), ...changes });
  const namesOf = (results: readonly { user: string; errorCode: number }[]) =>
    Object.fromEntries(results.map(({ user, errorCode: code }) => [user, errorOf(code).name]));
  const alter = async (
    client: RawClient,
    upsertions: ReturnType<typeof upsertion>[],
    deletions: { name: string; mechanism: number }[] = [],
  ) => namesOf((await client.request(apis.alterUserScramCredentials, 0, { deletions, upsertions })).results);
  const connect = async (port: number, user?: string, password?: string) => {
    const client = await RawClient.open(port);
    onTestFinished(() => client.close());
    if (user !== undefined) {
      await client.request(apis.saslHandshake, 1, { mechanism: 'PLAIN' });
      const { errorCode: code } = await client.request(apis.saslAuthenticate, 2, { authBytes: Buffer.from(`\0${user}\0${password}`) });
      if (code !== 0) throw new Error(errorOf(code).name);
    }
    return client;
  };

  it('are added, described and taken away, and survive a restart', async () => {
    const dataDirectory = temporaryDirectory();
    const first = await openBroker({ dataDirectory });
    const client = await connect(first.port);
    expect(await alter(client, [upsertion('ann', 'one'), upsertion('bob', 'two', { iterations: 8192 })])).toEqual({
      ann: 'NONE',
      bob: 'NONE',
    });
    expect(statSync(`${dataDirectory}/users.json`).mode & 0o777).toBe(0o600);
    await first.close();
    const second = await openBroker({ dataDirectory, sasl: { mechanisms: [...mechanisms], users: { root: 'pw' }, failureDelayMs: 0 } });
    const root = await connect(second.port, 'root', 'pw');
    const described = await root.request(apis.describeUserScramCredentials, 0, { users: null });
    expect(described.results.map(({ user, credentialInfos }) => [user, credentialInfos])).toEqual([
      ['ann', [{ mechanism: 1, iterations: 4096 }]],
      ['bob', [{ mechanism: 1, iterations: 8192 }]],
      [
        'root',
        [
          { mechanism: 1, iterations: 4096 },
          { mechanism: 2, iterations: 4096 },
        ],
      ],
    ]);
    await connect(second.port, 'ann', 'one');
    expect(await alter(root, [], [{ name: 'ann', mechanism: 1 }])).toEqual({ ann: 'NONE' });
    await expect(connect(second.port, 'ann', 'one')).rejects.toThrow('SASL_AUTHENTICATION_FAILED');
    await connect(second.port, 'bob', 'two').catch((error) => expect(error.message).toBe('SASL_AUTHENTICATION_FAILED'));
  });

  it("are refused one by one, with Kafka's reasons", async () => {
    const { port } = await openBroker();
    const client = await connect(port);
    const given = [
      upsertion('few', 'x', { iterations: 4095 }),
      upsertion('many', 'x', { iterations: 16_385 }),
      upsertion('most', 'x', { iterations: 16_384 }),
      upsertion('alien', 'x', { mechanism: 3 }),
      upsertion('', 'x'),
      upsertion('twice', 'x'),
      upsertion('twice', 'x', { mechanism: 2 }),
    ];
    expect(await alter(client, given, [{ name: 'gone', mechanism: 1 }])).toEqual({
      gone: 'RESOURCE_NOT_FOUND',
      few: 'UNACCEPTABLE_CREDENTIAL',
      many: 'UNACCEPTABLE_CREDENTIAL',
      most: 'NONE',
      alien: 'UNSUPPORTED_SASL_MECHANISM',
      '': 'UNACCEPTABLE_CREDENTIAL',
      twice: 'DUPLICATE_RESOURCE',
    });
    const users = ['most', 'gone', 'twice', 'twice'].map((name) => ({ name }));
    const { results } = await client.request(apis.describeUserScramCredentials, 0, { users });
    expect(namesOf(results)).toEqual({ most: 'NONE', gone: 'RESOURCE_NOT_FOUND', twice: 'DUPLICATE_RESOURCE' });
  });

  it('of others are changed by users of the configuration alone', async () => {
    const { port } = await openBroker({ sasl: { mechanisms: ['PLAIN'], users: { root: 'pw' } } });
    const root = await connect(port, 'root', 'pw');
    await alter(root, [upsertion('ann', 'one'), upsertion('bob', 'two')]);
    const ann = await connect(port, 'ann', 'one');
    expect(await alter(ann, [upsertion('bob', 'mine')])).toEqual({ bob: 'CLUSTER_AUTHORIZATION_FAILED' });
    expect(await alter(ann, [upsertion('ann', 'new')])).toEqual({ ann: 'NONE' });
    expect(await alter(root, [upsertion('root', 'other')])).toEqual({ root: 'UNACCEPTABLE_CREDENTIAL' });
    await connect(port, 'ann', 'new');
  });

  it('made up for strangers have the size of real ones', () => expect(saltBytes).toBe(24));
});

describe('TLS', () => {
  const handshake = (port: number, options: object) =>
    new Promise<string>((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', ca: certificates.authorityCertificate, ...options }, () => {
        // In TLS 1.3 a refusal of the client's certificate comes after the handshake.
        socket.write(Buffer.from('0000000a00120000000000010000', 'hex'));
      });
      socket.on('data', () => {
        resolve(socket.getProtocol()!);
        socket.destroy();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve('closed'));
    });
  const own = { cert: certificates.clientCertificate, key: certificates.clientKey };
  const brokers = { cert: certificates.brokerCertificate, key: certificates.brokerKey };

  it('is spoken in versions 1.2 and 1.3, and in none that is older', async () => {
    const { port } = await openBroker({ tls });
    expect(await handshake(port, {})).toBe('TLSv1.3');
    expect(await handshake(port, { maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    expect(await handshake(port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).toBe('closed');
  });

  it('asks for certificates of clients as it is told', async () => {
    const ca = certificates.authorityCertificate;
    const judged = async (clientAuth: 'none' | 'requested' | 'required', shown: object) => {
      const { port } = await openBroker({ tls: { ...tls, ca, clientAuth } });
      return (await handshake(port, shown)) !== 'closed';
    };
    expect(await judged('required', own)).toBe(true);
    expect(await judged('required', {})).toBe(false);
    expect(await judged('required', brokers)).toBe(true);
    expect(await judged('requested', {})).toBe(true);
    expect(await judged('requested', own)).toBe(true);
    expect(await judged('none', {})).toBe(true);
  });

  it('refuses a certificate that its authority has not signed, asked for or not', async () => {
    for (const clientAuth of ['requested', 'required'] as const) {
      const { port } = await openBroker({ tls: { ...tls, ca: certificates.brokerCertificate, clientAuth } });
      expect(await handshake(port, own)).toBe('closed');
      expect(await handshake(port, clientAuth === 'requested' ? {} : brokers)).toBe('TLSv1.3');
    }
  });

  it('is said to be missing or too much, in the log', async () => {
    const logger = recordingLogger();
    const { port } = await openBroker({ tls }, { logger });
    const plain = await RawClient.open(port);
    plain.send(apis.apiVersions, 0, {});
    await plain.closed();
    const { port: withoutTls } = await openBroker({}, { logger });
    expect(await handshake(withoutTls, {})).toBe('closed');
    expect(logger.lines.map(({ message }) => message)).toEqual(['no TLS connection with a client', 'closed a connection']);
    expect(logger.lines[0]?.fields['error']).toBe('the client speaks no TLS');
    expect(logger.lines[1]?.fields['error']).toContain('the client speaks TLS, and this listener does not');
  });

  it('lets a client go that goes in the middle of the handshake, and answers one that has asked and asks no more', async () => {
    const { port } = await openBroker({ tls });
    const mistrusting = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
    mistrusting.resume().end();
    await once(mistrusting, 'close');
    const socket = connectTls({ port, host: '127.0.0.1', ca: certificates.authorityCertificate }, () =>
      socket.end(Buffer.from('0000000a00120000000000010000', 'hex')),
    );
    const [answer] = await once(socket, 'data');
    expect(answer.length).toBeGreaterThan(10);
    socket.destroy();
  });

  it('does not keep a broker from closing while hands are shaken', async () => {
    const broker = await openBroker({ tls });
    const silent = await RawClient.open(broker.port);
    await broker.close();
    await silent.closed();
  });

  it('needs a certificate, its key, and an authority where clients show theirs', async () => {
    const refused = (options: object) =>
      expect(openBroker({ tls: { ...tls, ...options } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await refused({ key: certificates.clientKey });
    await refused({ cert: 'no certificate' });
    await refused({ clientAuth: 'required' });
  });
});

describe('what can be reached from other machines', () => {
  it.each([
    [
      'asks nobody who it is',
      {},
      'the broker can be reached from other machines and asks nobody who it is: everybody may read and write all topics',
    ],
    [
      'takes passwords as they are',
      { sasl: { mechanisms: ['PLAIN'], users } },
      'the broker takes passwords from other machines as they are (SASL PLAIN without TLS)',
    ],
    ['is secured', { sasl: { users } }, undefined],
    ['takes passwords over TLS', { tls, sasl: { mechanisms: ['PLAIN'], users } }, undefined],
  ] as const)('is warned of where it %s', async (_, options, warning) => {
    const logger = recordingLogger();
    await openBroker({ host: '0.0.0.0', ...options } as object, { logger });
    expect(logger.lines.map(({ message }) => message)).toEqual(warning === undefined ? [] : [warning]);
  });

  it('needs somebody who can authenticate', async () => {
    const logger = recordingLogger();
    await openBroker({ sasl: {} }, { logger });
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'clients have to authenticate themselves, and there is no user that can: name some in broker.sasl.users_file',
    ]);
    await expect(openBroker({ sasl: { mechanisms: ['GSSAPI' as 'PLAIN'] } })).rejects.toThrow('GSSAPI is given as SASL mechanisms');
    await expect(openBroker({ sasl: { users: { ann: '' } } })).rejects.toThrow('user "ann" needs a name and a password');
  });
});
