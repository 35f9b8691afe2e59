import { BadRecord, NotConnected, Retryable } from '@millrace/sdk';
import { connectorConformance, connectorDriver, deleteEvent, Faults, faultyProxy, rowsEvent } from '@millrace/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import http from '../src/index.ts';
import { WebService } from './web-service.ts';

/** Takes rows with a number; refuses those whose text is `bad`. */
async function target() {
  const service = await WebService.open();
  const proxy = await faultyProxy({ port: service.port });
  const rows = (body: string) =>
    body
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { n: number; text: string });
  const accepted: number[] = [];
  service.answer = ({ body }, response) => {
    const isBad = rows(body).some(({ text }) => text === 'bad');
    if (!isBad) accepted.push(...rows(body).map(({ n }) => n));
    response.writeHead(isBad ? 422 : 200).end(isBad ? 'a row is bad' : 'ok');
  };
  return {
    attributes: { url: `http://127.0.0.1:${proxy.port}/in`, 'batch.max-rows': '500' },
    received: async () => accepted,
    badRow: { n: -1, text: 'bad' },
    goDown: () => proxy.goDown(),
    comeBack: () => proxy.comeBack(),
    hold: () => proxy.hold(),
    release: () => proxy.release(),
    async close() {
      await proxy.close();
      await service.close();
    },
  };
}

describe('the HTTP connector as a connector', () => {
  for (const { name, run } of connectorConformance(http, target, ['goDown', 'hold', 'badRow'])) it(name, run);
});

let service: WebService;
beforeEach(async () => {
  service = await WebService.open();
});
afterEach(() => service.close());

function driverOf(attributes: Readonly<Record<string, string>> = {}) {
  return connectorDriver(http, { attributes: { url: service.url, ...attributes } });
}

const two = [
  { v: 1, s: 'ä' },
  { v: 2, s: 'b' },
];

describe('a request', () => {
  it('holds a line of JSON for each row', async () => {
    await driverOf().send(two);
    expect(service.received).toMatchObject([{ method: 'POST', url: '/in', body: '{"v":1,"s":"ä"}\n{"v":2,"s":"b"}\n' }]);
    expect(service.received[0]!.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'user-agent': 'millrace' });
  });

  it('holds an array of rows', async () => {
    await driverOf({ format: 'json-array' }).send(two);
    expect(service.received).toMatchObject([
      { headers: { 'content-type': 'application/json' }, body: '[{"v":1,"s":"ä"},{"v":2,"s":"b"}]' },
    ]);
  });

  it('holds a single row', async () => {
    await driverOf({ format: 'json', method: 'PUT' }).send(two);
    expect(service.received).toMatchObject([
      { method: 'PUT', body: '{"v":1,"s":"ä"}' },
      { method: 'PUT', body: '{"v":2,"s":"b"}' },
    ]);
  });

  it('is compressed', async () => {
    await driverOf({ compression: 'gzip' }).send(two);
    expect(service.received).toMatchObject([{ headers: { 'content-encoding': 'gzip' }, body: '{"v":1,"s":"ä"}\n{"v":2,"s":"b"}\n' }]);
  });

  it.each([
    [{ 'batch.max-rows': '2' }, [2, 2, 1]],
    [{ 'batch.max-size': '14' }, [2, 2, 1]],
    [{ 'batch.max-size': '1' }, [1, 1, 1, 1, 1]],
  ])('has no more rows than %j allows', async (limits, counts) => {
    await driverOf(limits).send([1, 2, 3, 4, 5].map((v) => ({ v })));
    expect(service.received.map(({ body }) => body.split('\n').length - 1)).toEqual(counts);
    expect(service.received.map(({ body }) => body).join('')).toBe('{"v":1}\n{"v":2}\n{"v":3}\n{"v":4}\n{"v":5}\n');
  });

  it('carries the headers and credentials that are given', async () => {
    await driverOf({ headers: 'X-Site=a=b,x-empty=', token: 'geheim' }).send(two);
    await driverOf({ user: 'anna', password: 'p:w' }).send(two);
    expect(service.received[0]!.headers).toMatchObject({ 'x-site': 'a=b', 'x-empty': '', authorization: 'Bearer geheim' });
    expect(service.received[1]!.headers['authorization']).toBe(`Basic ${Buffer.from('anna:p:w').toString('base64')}`);
  });

  it('carries headers that are never shown', async () => {
    await driverOf({ headers: 'X-Site=7', 'secret-headers': 'X-Api-Key=geheim, Authorization=ApiKey a=b' }).send(two);
    expect(service.received[0]!.headers).toMatchObject({ 'x-site': '7', 'x-api-key': 'geheim', authorization: 'ApiKey a=b' });
  });

  it("goes to the stream's own place", async () => {
    await driverOf({ url: `${service.url}/{stream}?of={stream}` }).send(rowsEvent('a/b&c', [{ v: 1 }]));
    expect(service.received[0]!.url).toBe('/in/a%2Fb%26c?of=a%2Fb%26c');
  });

  it('is not made for deletions, nor for no rows', async () => {
    const driver = driverOf();
    await driver.send(deleteEvent('s', 'k'));
    await driver.send([]);
    expect(service.received).toEqual([]);
  });
});

describe('the idempotency key', () => {
  const keyOf = (index: number) => service.received[index]!.headers['idempotency-key'];

  it('says where the rows come from, and is the same when they are sent again', async () => {
    const event = rowsEvent('s', two, { topic: 'a topic', partition: 3, offset: 40 });
    await driverOf().send(event);
    await driverOf().send(event);
    expect(keyOf(0)).toMatch(/^test\/test\/a%20topic\/3\/40-41\/[0-9a-f]{16}$/);
    expect(keyOf(1)).toBe(keyOf(0));
  });

  it('is another for each request of an event, and for other rows of the same records', async () => {
    await driverOf({ format: 'json' }).send(two);
    await driverOf({ format: 'json' }).send([{ v: 3, s: 'c' }]);
    expect(new Set([keyOf(0), keyOf(1), keyOf(2)]).size).toBe(3);
  });

  it('goes into the header that is named', async () => {
    await driverOf({ 'idempotency.header': 'X-Request-Id' }).send(two);
    expect(service.received[0]!.headers['x-request-id']).toContain('0-1');
  });
});

describe('an answer', () => {
  const answerWith = (status: number, headers: Record<string, string> = {}, text = '') => {
    service.answer = (_, response) => response.writeHead(status, headers).end(text);
  };

  it.each([200, 201, 202, 204])('%i means delivered', async (status) => {
    answerWith(status);
    await driverOf().send(two);
    expect(service.received).toHaveLength(1);
  });

  it.each([408, 425, 429, 500, 502, 503, 504])('%i means later', async (status) => {
    answerWith(status, {}, 'busy');
    const failure = await driverOf()
      .send(two)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Retryable);
    expect(failure).toMatchObject({ afterMs: undefined, message: `POST ${service.url} answers ${status}: busy` });
  });

  it.each([
    ['7', 7_000],
    ['0', 0],
    ['soon', undefined],
  ])('with Retry-After: %s says when', async (value, afterMs) => {
    answerWith(503, { 'Retry-After': value });
    await expect(driverOf().send(two)).rejects.toMatchObject({ name: 'Retryable', afterMs });
  });

  it('with a date in Retry-After says how long it is until then', async () => {
    const driver = driverOf();
    answerWith(429, { 'Retry-After': new Date(driver.services.clock.now() + 60_000).toUTCString() });
    await expect(driver.send(two)).rejects.toMatchObject({ name: 'Retryable', afterMs: 60_000 });
  });

  it.each([301, 401, 403, 404, 405])('%i stands as it is', async (status) => {
    answerWith(status, { Location: '/elsewhere' });
    const failure = await driverOf()
      .send(two)
      .catch((error: unknown) => error);
    expect((failure as Error).message).toContain(`answers ${status}`);
    expect(failure).not.toBeInstanceOf(Retryable);
    expect(failure).not.toBeInstanceOf(BadRecord);
    expect(service.received).toHaveLength(1);
  });

  it.each([400, 413, 422])('%i to several rows is followed up until the row to blame is found', async (status) => {
    const accepted: string[] = [];
    service.answer = ({ body }, response) => {
      const isBad = body.includes('"v":6');
      if (!isBad) accepted.push(body);
      response.writeHead(isBad ? status : 200).end('value out of range');
    };
    const failure = await driverOf()
      .send([1, 2, 3, 4, 5, 6, 7, 8].map((v) => ({ v })))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BadRecord);
    expect(failure).toMatchObject({ row: 5, message: `POST ${service.url} answers ${status}: value out of range` });
    expect(accepted.join('')).toBe('{"v":1}\n{"v":2}\n{"v":3}\n{"v":4}\n{"v":5}\n');
  });

  it('that is long is cut in the message, and what stands in the query of the URL is not told', async () => {
    answerWith(404, {}, 'x'.repeat(200_000));
    const failure = (await driverOf({ url: `${service.url}?key=geheim` })
      .send(two)
      .catch((error: unknown) => error)) as Error;
    expect(failure.message.length).toBeLessThan(500);
    expect(failure.message).not.toContain('geheim');
  });

  it('that breaks off after a status of success changes nothing', async () => {
    service.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => response.destroy());
    };
    await driverOf().send(two);
    expect(service.received).toHaveLength(1);
  });

  it('that does not come in time counts as a lost connection', async () => {
    service.answer = () => {};
    await expect(driverOf({ timeout: '40ms' }).send(two)).rejects.toThrow(NotConnected);
    await expect(driverOf({ timeout: '40ms' }).send(two)).rejects.toThrow('no answer within 40 ms');
  });
});

describe('a connection', () => {
  it('that is refused fails the handshake', async () => {
    const { url } = service;
    await service.close();
    await expect(connectorDriver(http, { attributes: { url } }).open()).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
    service = await WebService.open();
  });

  it('is tried at the handshake by a request that changes nothing, whatever the answer', async () => {
    await driverOf().open();
    expect(service.handshakes).toBe(1);
    expect(service.received).toEqual([]);
  });

  it.each(['disconnect', 'lose-answer'] as const)('that breaks in the middle of a body (%s) is NotConnected', async (fault) => {
    // The first piece is the handshake.
    const proxy = await faultyProxy({ port: service.port, faults: Faults.at({ 2: fault, 3: fault, 4: fault }) });
    const driver = driverOf({ url: `http://127.0.0.1:${proxy.port}/in` });
    await driver.open();
    await expect(driver.send([{ v: 'x'.repeat(1_000_000) }])).rejects.toThrow(NotConnected);
    await proxy.close();
  });

  it('that ends while nothing is sent is noticed by a heartbeat', async () => {
    const driver = driverOf();
    await driver.open();
    await service.close();
    await expect(driver.heartbeat()).rejects.toThrow(NotConnected);
    service = await WebService.open();
  });
});

describe('attributes', () => {
  it.each([
    [{ url: 'ftp://a/b' }, "'url' = 'ftp://a/b'"],
    [{ url: 'http://anna:geheim@a/b' }, "'url' holds credentials"],
    [{ url: 'http://a', token: 't', user: 'u' }, "'token' and 'user' exclude each other"],
    [{ url: 'http://a', password: 'p' }, "'password' needs 'user'"],
    [{ url: 'http://a', headers: 'no value' }, "'headers'"],
    [{ url: 'http://a', headers: 'a=b\r\nX-Evil: 1' }, "'headers'"],
    [{ url: 'http://a', headers: 'authorization=Basic x' }, "'headers' would show the credentials"],
    [{ url: 'http://a', 'secret-headers': 'geheim' }, "'secret-headers' are not name=text"],
    [{ url: 'http://a', uri: 'x' }, "did you mean 'url'"],
  ])('%j are refused', (given, problem) => {
    const read = http.attributes.read(given as Record<string, string>, 'connector');
    expect(read.ok ? '' : read.problems.join('; ')).toContain(problem);
    expect(JSON.stringify(read)).not.toContain('geheim');
  });
});
