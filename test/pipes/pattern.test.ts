import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let pipe: string;

beforeAll(async () => {
  // Names of streams are those of the example: nobody else's.
  world = await openPipeWorld({}, '');
  await world.execute("CREATE STREAM aligned (k string, v int32, `1` int32) PRIMARY KEY (k) SETTINGS topic='aligned'");
  const rows = ['1TS', '100TS', '1', '123', 'a.b', '1TS.x'].map((key, i) => `('${key}', ${i}, ${i * 10})`);
  await world.execute(`INSERT INTO aligned (k, v, \`1\`) VALUES ${rows.join(', ')}`);
  await world.execute('CREATE STREAM other (k string, v int32)');
  await world.insert('other', 7);
});
afterAll(() => world.close());

beforeEach(() => {
  pipe = freshName('p');
  world.target.arrived.length = 0;
});

/** What a pipe with this pattern delivers: of each record its stream, and the columns of its row. */
async function deliveredBy(pattern: string): Promise<[string, Readonly<Record<string, unknown>>][]> {
  await world.execute(`CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='${pattern}') ${world.target.connector}`);
  await world.execute(`START PIPE ${pipe}`);
  await world.untilDelivered(pipe);
  await world.execute(`STOP PIPE ${pipe}`);
  return world.target.arrived.map(({ stream, row }) => [stream, row]);
}

describe('a pattern', () => {
  it('is a prefix of text, which need not end with a node: root.aligned.1', async () => {
    const keys = (await deliveredBy('root.aligned.1')).map(([, row]) => row['k']);
    // root.aligned.`1` and root.aligned.`123` begin otherwise.
    expect(keys).toEqual(['1TS', '100TS', '1TS.x']);
  });

  it('takes backquotes as they are: root.aligned.`1', async () => {
    expect((await deliveredBy('root.aligned.`1')).map(([, row]) => row['k'])).toEqual(['1', '123']);
  });

  it('that reaches into the name of a column gives that column alone', async () => {
    expect(await deliveredBy('root.aligned.1TS.v')).toEqual([['aligned', { v: 0, _tp_time: expect.any(String) }]]);
  });

  it('of dots chooses keys by their nodes: root.aligned.1TS.x.', async () => {
    expect((await deliveredBy('root.aligned.1TS.x.')).map(([, row]) => row['k'])).toEqual(['1TS.x']);
  });

  it('root chooses all streams', async () => {
    const streams = (await deliveredBy('root')).map(([stream]) => stream);
    expect(new Set(streams)).toEqual(new Set(['aligned', 'other']));
    expect(streams).toHaveLength(7);
  });

  it('that chooses nothing of what is written lets the pipe pass it by all the same', async () => {
    expect(await deliveredBy('root.other.nobody')).toEqual([]);
    expect((await world.pipe(pipe)).RemainingEventCount).toBe('0');
  });

  it('that no stream has is taken, and delivers nothing', async () => {
    expect(await deliveredBy('root.elsewhere')).toEqual([]);
  });
});
