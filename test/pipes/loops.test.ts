import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestServer } from '../harness/server.ts';
import { openTestServer } from '../harness/server.ts';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

/** Three deployments; the first one on the brokers of the test run. */
let a: PipeWorld;
let b: TestServer;
let c: TestServer;
let stream: string;

beforeAll(async () => {
  [a, b, c] = await Promise.all([openPipeWorld(), openTestServer(''), openTestServer('')]);
});
afterAll(() => Promise.all([a.close(), b.close(), c.close()]));

beforeEach(async () => {
  stream = freshName('s');
  for (const server of [a, b, c]) await server.execute(`CREATE STREAM ${stream} (k string, v int32) PRIMARY KEY (k)`);
});

async function pipeTo(from: TestServer, to: TestServer, extractor = ''): Promise<string> {
  const name = freshName('p');
  const { host } = new URL(to.url);
  await from.execute(
    `CREATE PIPE ${name} WITH EXTRACTOR ('pattern'='root.${stream}.', 'history.enable'='true' ${extractor}) WITH CONNECTOR ('connector'='millrace-connector', 'hosts'='${host}'); START PIPE ${name}`,
  );
  return name;
}

/** The values of the stream once there are so many. */
async function values(server: TestServer, count: number): Promise<number[]> {
  const query = await server.openQuery(`SELECT v FROM ${stream} SETTINGS seek_to='earliest'`);
  await query.waitForRows(count, 10_000);
  await query.close();
  return (await server.execute(`SELECT v FROM table(${stream}) ORDER BY v`)).map(Number);
}

const insert = (server: TestServer, from: number, count: number) =>
  server.execute(`INSERT INTO ${stream} (k, v) VALUES ${Array.from({ length: count }, (_, i) => `('k${i % 7}', ${from + i})`).join(', ')}`);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Resolves when nothing is left to be delivered. @throws Error with what the pipe has failed with */
async function untilQuiet(server: TestServer, name: string): Promise<void> {
  for (;;) {
    const [, , state, , , , exception, remaining] = (await server.execute(`SHOW PIPE ${name}`))[0]!.split('\t');
    if (remaining === '0') return;
    if (state === 'STOPPED') throw new Error(exception);
  }
}

describe('pipes between deployments', () => {
  it('in both directions bring each row over once: nothing goes in circles', async () => {
    const there = await pipeTo(a, b);
    const back = await pipeTo(b, a);
    await Promise.all([insert(a, 0, 200), insert(b, 200, 200)]);
    expect(await values(a, 400)).toEqual(numbers(400));
    expect(await values(b, 400)).toEqual(numbers(400));
    await Promise.all([untilQuiet(a, there), untilQuiet(b, back)]);
    expect(await values(a, 400)).toEqual(numbers(400));
    expect(await values(b, 400)).toEqual(numbers(400));
    expect((await a.execute(`EXPLAIN PIPE ${there}`)).join('\n')).toMatch(/loops=200/);
    expect((await b.execute(`EXPLAIN PIPE ${back}`)).join('\n')).toMatch(/loops=200/);
  });

  it('in a row bring rows to the last one if those between forward what came through pipes', async () => {
    await pipeTo(a, b);
    await pipeTo(b, c, ", 'extractor.forwarding-pipe-requests'='true'");
    await insert(a, 0, 50);
    expect(await values(c, 50)).toEqual(numbers(50));
  });

  it('in a row end after the first one otherwise', async () => {
    await pipeTo(a, b);
    const second = await pipeTo(b, c);
    await insert(a, 0, 20);
    expect(await values(b, 20)).toEqual(numbers(20));
    await insert(b, 20, 1);
    expect(await values(c, 1)).toEqual([20]);
    await untilQuiet(b, second);
    expect(await values(c, 1)).toEqual([20]);
  });

  it('in a circle of forwarding ones end where rows have begun: they come home once, and go no further', async () => {
    const forwards = ", 'forwarding-pipe-requests'='true'";
    const names = [await pipeTo(a, b, forwards), await pipeTo(b, a, forwards)];
    await insert(a, 0, 30);
    const twice = numbers(60).map((i) => i >> 1);
    expect(await values(a, 60)).toEqual(twice);
    await untilQuiet(a, names[0]!);
    await untilQuiet(b, names[1]!);
    expect(await values(a, 60)).toEqual(twice);
    expect(await values(b, 30)).toEqual(numbers(30));
  });
});
