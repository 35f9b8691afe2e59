import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let stream: string;

beforeAll(async () => {
  world = await openPipeWorld();
});
afterAll(() => world.close());

beforeEach(async () => {
  stream = freshName('s');
  await world.execute(`CREATE STREAM ${stream} (k string, v int32)`);
  world.target.arrived.length = 0;
});

/** Connectors of equal attributes, each in another order. */
const connector = (i: number) =>
  i % 2 === 0
    ? `WITH CONNECTOR ('connector'='http-connector', 'url'='${world.target.url}', 'timeout'='9s')`
    : `WITH CONNECTOR ('timeout'='9s', 'connector'='http-connector', 'url'='${world.target.url}')`;

async function create(count: number): Promise<string[]> {
  const names = Array.from({ length: count }, () => freshName('p'));
  for (const [i, name] of names.entries())
    await world.execute(
      `CREATE PIPE ${name} WITH EXTRACTOR ('pattern'='root.${stream}') WITH PROCESSOR ('processor'='sql-processor', 'sql'='SELECT ${i} AS p, v FROM event') ${connector(i)}`,
    );
  return names;
}

const drop = (names: readonly string[]) => world.execute(names.map((name) => `DROP PIPE ${name}`).join('; '));

describe('pipes whose connectors have the same attributes', () => {
  it('are listed by WHERE CONNECTOR USED BY, whatever the order of the attributes, and share one instance', async () => {
    const names = await create(2);
    const lonely = freshName('p');
    await world.execute(`CREATE PIPE ${lonely} ${world.target.connector}`);
    const usedBy = async (name: string) => (await world.pipes(`WHERE CONNECTOR USED BY ${name}`)).map(({ ID }) => ID);
    expect(await usedBy(names[0]!)).toEqual(names);
    expect(await usedBy(names[1]!)).toEqual(names);
    expect(await usedBy(lonely)).toEqual([lonely]);
    const before = world.target.handshakes;
    for (const name of names) await world.execute(`START PIPE ${name}`);
    await world.insert(stream, 1);
    await world.target.untilRows(2);
    expect(world.target.handshakes - before).toBe(1);
    expect((await world.execute(`EXPLAIN PIPE ${names[0]}`)).join('\n')).toContain(`shared with ${names[1]}`);
    await drop([...names, lonely]);
  });

  it('go on when one of them is dropped; the last one closes what they share, and the next one opens it anew', async () => {
    const [one, other] = (await create(2)) as [string, string];
    await world.execute(`START PIPE ${one}; START PIPE ${other}`);
    await world.insert(stream, 1);
    await world.target.untilRows(2);
    await world.execute(`DROP PIPE ${one}`);
    await world.insert(stream, 2);
    await world.target.untilRows(3);
    const before = world.target.handshakes;
    await world.execute(`DROP PIPE ${other}`);
    const [next] = (await create(1)) as [string];
    await world.execute(`START PIPE ${next}`);
    await world.target.untilRows(5);
    // One of CREATE, one of the pipe.
    expect(world.target.handshakes - before).toBe(2);
    await drop([next]);
  });

  it('do not share their errors: a record that one cannot deliver keeps nobody else from delivering', async () => {
    const [picky, other] = (await create(2)) as [string, string];
    world.target.isBad = ({ p, v }) => p === 0 && v === 2;
    await world.execute(`START PIPE ${picky}; START PIPE ${other}`);
    await world.insert(stream, 1, 2, 3);
    await world.untilPipe(picky, ({ State }) => State === 'STOPPED');
    await world.insert(stream, 4);
    const of = (p: number) => world.target.arrived.filter(({ row }) => row['p'] === p).map(({ row }) => row['v']);
    await world.target.until(() => of(1).length === 4, 'rows of the other pipe');
    expect([of(0), of(1)]).toEqual([[1], [1, 2, 3, 4]]);
    world.target.isBad = () => false;
    await drop([picky, other]);
  });

  it('may be a hundred: one connection serves them all', async () => {
    const names = await create(100);
    const before = world.target.handshakes;
    await Promise.all(names.map((name) => world.execute(`START PIPE ${name}`)));
    await world.insert(stream, 1);
    await world.target.untilRows(100);
    expect(world.target.handshakes - before).toBe(1);
    expect(new Set(world.target.values('p'))).toEqual(new Set(Array.from({ length: 100 }, (_, i) => i)));
    await Promise.all(names.map((name) => world.execute(`DROP PIPE ${name}`)));
  });
});
