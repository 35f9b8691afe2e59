import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let stream: string;

beforeAll(async () => {
  world = await openPipeWorld({ pipe_plugin_timeout: '3s', pipe_plugin_memory: '64MiB' });
  const file = join(world.directory, 'rough.mjs');
  writeFileSync(file, rough);
  await world.execute(`CREATE PIPEPLUGIN rough AS 'default' USING URI '${pathToFileURL(file).href}'`);
});
afterAll(() => world.close());

beforeEach(async () => {
  stream = freshName('s');
  world.target.arrived.length = 0;
  await world.execute(`CREATE STREAM ${stream} (k string, v int32)`);
});

/** Does at the value 13 what it is told to. */
const rough = `
import { a, defineProcessor } from '@millrace/sdk';
const deeds = {
  none: (row) => row,
  loop: () => { for (;;); },
  memory: () => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); },
  exit: () => process.exit(0),
  garbage: () => 42,
  pollute: (row) => { Object.prototype.toJSON = () => 'polluted'; Array.prototype.map = () => []; return row; },
};
export default defineProcessor({
  name: 'rough',
  summary: 'Misbehaves.',
  attributes: a.object({ deed: a.string() }),
  open: ({ attributes }) => deeds[attributes.deed],
  map: (row, deed) => (Number(row.v) === 13 ? deed(row) : row),
});
`;

async function create(deed: string): Promise<string> {
  const name = freshName(deed);
  await world.execute(
    `CREATE PIPE ${name} WITH EXTRACTOR ('pattern'='root.${stream}') WITH PROCESSOR ('processor'='rough', 'deed'='${deed}') ${world.target.connector}; START PIPE ${name}`,
  );
  return name;
}

describe('a plugin that misbehaves in the worker that pipes share', () => {
  it.each([
    ['loop', /rough.*map.*(time|3000 ms|come back)/i],
    ['memory', /rough.*map.*(memory|heap)/i],
    ['exit', /rough.*map.*(exit|died|lost|ended)/i],
  ])('(%s) stops its own pipe, with a message that names plugin, hook and cause; the neighbour loses nothing', async (deed, message) => {
    const bad = await create(deed);
    const good = await create('none');
    await world.insert(stream, 1);
    await world.target.untilRows(2);
    await world.insert(stream, 13);
    const stopped = await world.untilPipe(bad, ({ State }) => State === 'STOPPED');
    expect(stopped.ExceptionMessage).toMatch(message);
    await world.insert(stream, 14);
    const of = (v: number) => world.target.values().filter((value) => value === v).length;
    await world.target.until(() => of(13) >= 1 && of(14) >= 1, 'rows of the neighbour');
    expect((await world.pipe(good)).State).toBe('RUNNING');
    await world.execute(`DROP PIPE ${bad}; DROP PIPE ${good}`);
  });

  it('by giving what is no row, stops with the plugin named', async () => {
    const bad = await create('garbage');
    await world.insert(stream, 13);
    const stopped = await world.untilPipe(bad, ({ State }) => State === 'STOPPED');
    expect(stopped.ExceptionMessage).toMatch(/rough.*map/);
  });

  it('by changing prototypes, changes nothing outside its worker', async () => {
    const bad = await create('pollute');
    await world.insert(stream, 13, 14);
    await world.untilPipe(bad, ({ State, RemainingEventCount }) => State === 'STOPPED' || RemainingEventCount === '0');
    expect(JSON.stringify({ a: [1].map((one) => one) })).toBe('{"a":[1]}');
    await world.execute(`CREATE PIPE ${freshName('p')} ${world.target.connector}`);
  });
});
