import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KafkaClient, openProducer, openReader, type SaslOptions } from '../src/index.ts';
import { authenticateScram } from '../src/sasl.ts';
import { FakeSasl } from './fake-sasl.ts';
import { startCluster } from './start-cluster.ts';
import { authorityCertificate, brokerCertificate, brokerKey, clientCertificate, clientKey } from './tls-certificates.ts';

const server = { cert: brokerCertificate, key: brokerKey };

describe('TLS', () => {
  it('carries reading and writing', async () => {
    const { cluster, client } = await startCluster(2, { ssl: { ca: authorityCertificate } }, server);
    cluster.createTopic('t', 2);
    const producer = openProducer(client);
    const value = Buffer.alloc(300_000, 'x');
    for (const partition of [0, 1]) await producer.append('t', partition, 1, null, value);
    await producer.close();
    const reader = openReader(client);
    reader.assign([0, 1].map((partition) => ({ topic: 't', partition, offset: 0 })));
    let sizeBytes = 0;
    while (sizeBytes < 600_000) for (const { bytes } of await reader.next()) sizeBytes += bytes.length;
    await reader.close();
  });

  it('refuses a broker whose certificate is not signed by a trusted authority', async () => {
    const { client } = await startCluster(1, { ssl: true }, server);
    await expect(client.metadata(null)).rejects.toMatchObject({
      code: 'KAFKA_TLS_FAILED',
      message: expect.stringMatching(/^no TLS connection to 127\.0\.0\.1:\d+: unable to (verify|get)/),
      retryable: false,
    });
  });

  it("takes a broker's own certificate for an authority, and no host's name if told so", async () => {
    const { client } = await startCluster(1, { ssl: { ca: brokerCertificate } }, server);
    expect(await client.metadata(null)).toEqual([]);
    const elsewhere = { ca: authorityCertificate, servername: 'kafka.example' };
    for (const ssl of [{ ...elsewhere, verify: 'certificate' }, { verify: 'none' }] as const) {
      const { client: trusting } = await startCluster(1, { ssl }, server);
      expect(await trusting.metadata(null)).toEqual([]);
    }
    const { client: checking } = await startCluster(1, { ssl: { verify: 'certificate' } }, server);
    await expect(checking.metadata(null)).rejects.toMatchObject({ code: 'KAFKA_TLS_FAILED' });
  });

  it('refuses a broker whose certificate is for another host', async () => {
    const { client } = await startCluster(1, { ssl: { ca: authorityCertificate, servername: 'kafka.example' } }, server);
    await expect(client.metadata(null)).rejects.toMatchObject({
      code: 'KAFKA_TLS_FAILED',
      details: { reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
  });

  it('shows a certificate of its own to brokers that ask for one', async () => {
    const asking = { ...server, ca: authorityCertificate, requestCert: true, rejectUnauthorized: true };
    const { client } = await startCluster(1, { ssl: { ca: authorityCertificate, cert: clientCertificate, key: clientKey } }, asking);
    expect(await client.metadata(null)).toEqual([]);
    const { client: stranger } = await startCluster(1, { ssl: { ca: authorityCertificate } }, asking);
    await expect(stranger.metadataOnce(null)).rejects.toMatchObject({ code: 'KAFKA_TLS_FAILED' });
  });

  it('says so where the listener does not speak it', async () => {
    const plain = createServer((socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const client = new KafkaClient({ brokers: [`127.0.0.1:${(plain.address() as AddressInfo).port}`], clientId: 'test', ssl: true });
    onTestFinished(async () => {
      await client.close();
      plain.close();
    });
    await expect(client.metadataOnce(null)).rejects.toMatchObject({ code: 'KAFKA_TLS_FAILED' });
  });
});

describe('without TLS', () => {
  it('a listener that speaks it is told by its alert', async () => {
    const encrypted = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(Buffer.from('15030300020246', 'hex'));
    }).listen(0, '127.0.0.1');
    await once(encrypted, 'listening');
    const { port } = encrypted.address() as AddressInfo;
    const client = new KafkaClient({ brokers: [`127.0.0.1:${port}`], clientId: 'test' });
    onTestFinished(async () => {
      await client.close();
      encrypted.close();
    });
    await expect(client.metadataOnce(null)).rejects.toMatchObject({
      code: 'KAFKA_TLS_FAILED',
      message: `the listener at 127.0.0.1:${port} speaks TLS, and the client does not`,
      hint: 'say kafka.ssl.enabled: true',
    });
  });
});

describe('SASL', () => {
  const users = { ann: 'secret', 'o=b,c': 'pässwörd' };
  const startWith = async (sasl: SaslOptions) => {
    const started = await startCluster(1, { sasl });
    started.cluster.sasl = new FakeSasl(users);
    return { ...started, sasl: started.cluster.sasl };
  };
  const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

  for (const mechanism of mechanisms) {
    it(`by ${mechanism} lets in who knows the password, and nobody else`, async () => {
      for (const [username, password] of Object.entries(users)) {
        const { client } = await startWith({ mechanism, username, password });
        expect(await client.metadata(null)).toEqual([]);
      }
      const { client } = await startWith({ mechanism, username: 'ann', password: 'guess' });
      await expect(client.metadata(null)).rejects.toMatchObject({
        code: 'KAFKA_AUTHENTICATION_FAILED',
        message: 'the broker refuses user "ann": invalid credentials',
        retryable: false,
      });
    });
  }

  it('names the mechanisms that the broker takes', async () => {
    const { client, sasl } = await startWith({ mechanism: 'SCRAM-SHA-512', username: 'ann', password: 'secret' });
    sasl.mechanisms = ['PLAIN'];
    await expect(client.metadata(null)).rejects.toThrow('the broker does not take the SASL mechanism SCRAM-SHA-512; it takes PLAIN');
  });

  it('does not trust a broker that cannot prove that it knows the password', async () => {
    const { client, sasl } = await startWith({ mechanism: 'SCRAM-SHA-256', username: 'ann', password: 'secret' });
    sasl.isImpostor = true;
    await expect(client.metadata(null)).rejects.toMatchObject({
      code: 'KAFKA_AUTHENTICATION_FAILED',
      message: 'the broker has not proved that it knows the password: it may be another one',
    });
  });

  it('connects anew before a session is over', async () => {
    const { client, cluster, sasl } = await startWith({ mechanism: 'PLAIN', username: 'ann', password: 'secret' });
    sasl.sessionLifetimeMs = 50;
    await client.metadata(null);
    while (cluster.callsOf('SaslAuthenticate').length < 3) await client.metadata(null);
    sasl.sessionLifetimeMs = 0;
  });
});

describe('SCRAM', () => {
  const given = { mechanism: 'SCRAM-SHA-256', username: 'user', password: 'pencil' } as const;
  const nonce = 'rOprNGfwEbeRWgbNEkqO';
  const challenge = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';

  const converse = async (answers: readonly string[]) => {
    const said: string[] = [];
    const exchange = (message: Buffer) => Promise.resolve(Buffer.from(answers[said.push(message.toString()) - 1]!));
    await authenticateScram(given, exchange, nonce);
    return said;
  };

  it('says what the example of RFC 7677 says', async () => {
    expect(await converse([challenge, 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='])).toEqual([
      'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    ]);
  });

  it('refuses challenges that are not for it, or too cheap, or too dear', async () => {
    for (const nonces of ['someone elses', nonce])
      await expect(converse([challenge.replace(/r=[^,]*/, `r=${nonces}`)])).rejects.toThrow('answers another request');
    for (const count of ['4095', '1e9', 'many', ''])
      await expect(converse([challenge.replace('4096', count)])).rejects.toThrow(`asks for ${count} SCRAM iterations; 4096 to`);
    await expect(converse([challenge, 'e=other-error'])).rejects.toThrow('the broker refuses user "user": other-error');
    await expect(converse([challenge, 'v=AAAA'])).rejects.toThrow('has not proved');
  });
});
