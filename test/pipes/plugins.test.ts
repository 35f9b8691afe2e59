import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let stream: string;
let pipe: string;
let plugin: string;

beforeAll(async () => {
  world = await openPipeWorld();
});
afterAll(() => world.close());

beforeEach(async () => {
  stream = freshName('s');
  pipe = freshName('p');
  plugin = freshName('plugin').replaceAll('_', '-').slice(0, -1);
  world.target.arrived.length = 0;
  await world.execute(`CREATE STREAM ${stream} (k string, v int32)`);
});

/** A package of one file whose default export is a processor. @returns its URI */
function write(version: string, map: string): string {
  const folder = join(world.directory, freshName('source'));
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: plugin, version, type: 'module', millrace: { sdk: '^1', plugins: './index.ts' } }),
  );
  writeFileSync(
    join(folder, 'index.ts'),
    `import { a, defineProcessor } from '@millrace/sdk';\nexport default defineProcessor({ name: '${plugin}', summary: 'Adds.', attributes: a.object({}), map: (row) => (${map}) });\n`,
  );
  return pathToFileURL(folder).href;
}

const install = (uri: string, how = 'CREATE') => world.execute(`${how} PIPEPLUGIN "${plugin}" AS 'default' USING URI '${uri}'`);
const createPipe = () =>
  world.execute(
    `CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${stream}') WITH PROCESSOR ('processor'='${plugin}') ${world.target.connector}`,
  );
const shown = async () => (await world.execute(`SHOW PIPEPLUGINS LIKE '${plugin}'`)).map((row) => row.split('\t'));

describe('a plugin', () => {
  it('is installed, used, updated while its pipe runs, and dropped', async () => {
    await install(write('1.0.0', '{ ...row, v: Number(row.v) + 10 }'));
    expect(await shown()).toEqual([
      [plugin, 'External', expect.stringContaining(`${plugin}@1.0.0`), expect.stringContaining(plugin), 'None'],
    ]);
    await createPipe();
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1);
    await world.target.untilRows(1);
    await install(write('2.0.0', '{ ...row, v: Number(row.v) + 20 }'), 'CREATE OR REPLACE');
    await world.insert(stream, 2);
    await world.target.untilRows(2);
    expect(world.target.values()).toEqual([11, 22]);
    expect((await world.pipe(pipe)).State).toBe('RUNNING');
    const inUse = await world.errorOf(`DROP PIPEPLUGIN "${plugin}"`);
    expect(inUse).toContain(`the plugin ${plugin} is used by the pipe ${pipe}`);
    await world.execute(`DROP PIPE ${pipe}; DROP PIPEPLUGIN "${plugin}"`);
    expect(await shown()).toEqual([]);
  });

  it('of a name that is taken is refused; IF NOT EXISTS leaves it as it is', async () => {
    const uri = write('1.0.0', 'row');
    await install(uri);
    expect(await world.errorOf(`CREATE PIPEPLUGIN "${plugin}" AS 'default' USING URI '${uri}'`)).toContain('PIPE_PLUGIN_ERROR');
    await world.execute(`CREATE PIPEPLUGIN IF NOT EXISTS "${plugin}" AS 'other' USING URI 'file:///nowhere'`);
    await world.execute(`DROP PIPEPLUGIN "${plugin}"`);
    expect(await world.errorOf(`DROP PIPEPLUGIN "${plugin}"`)).toContain(plugin);
    await world.execute(`DROP PIPEPLUGIN IF EXISTS "${plugin}"`);
  });

  it('that is built in is neither dropped nor replaced', async () => {
    expect(await world.errorOf('DROP PIPEPLUGIN "http-connector"')).toContain('the plugin http-connector is built in');
    const uri = write('1.0.0', 'row');
    expect(await world.errorOf(`CREATE OR REPLACE PIPEPLUGIN "http-connector" AS 'default' USING URI '${uri}'`)).toContain(
      'http-connector',
    );
    expect(await world.errorOf(`CREATE PIPEPLUGIN "http-connector" AS 'default' USING URI '${uri}'`)).toContain('http-connector');
  });

  it('from where none may come, or that is no package, is refused and leaves nothing', async () => {
    expect(await world.errorOf(`CREATE PIPEPLUGIN "${plugin}" AS 'default' USING URI 'https://example.com/x.tgz'`)).toContain(
      'Code: 1107. ',
    );
    expect(await world.errorOf(`CREATE PIPEPLUGIN "${plugin}" AS 'default' USING URI 'file:///nowhere/x.js'`)).toContain('Code: 1107. ');
    const uri = write('1.0.0', 'row');
    expect(await world.errorOf(`CREATE PIPEPLUGIN "${plugin}" AS 'nothing' USING URI '${uri}'`)).toContain('nothing');
    expect(await shown()).toEqual([]);
  });
});

describe('SHOW PIPEPLUGINS', () => {
  it('lists what is built in, by each of its names', async () => {
    const names = (await world.execute("SHOW PIPEPLUGINS LIKE '%'")).map((row) => row.split('\t'));
    for (const name of [
      'iotdb-extractor',
      'stream-extractor',
      'do-nothing-processor',
      'do-nothing-connector',
      'iotdb-thrift-connector',
      'iotdb-thrift-sync-connector',
      'iotdb-thrift-async-connector',
      'millrace-connector',
      'kafka-connector',
      'http-connector',
      'file-connector',
      'sqlite-connector',
      'tap-connector',
      'sql-processor',
      'js-processor',
      'changing-value-sampling-processor',
      'tumbling-time-sampling-processor',
      'throwing-exception-processor',
    ])
      expect(names.map(([shownName, type]) => [shownName, type])).toContainEqual([name, 'Builtin']);
  });
});

describe('a package of a plugin that is gone when the server starts', () => {
  it('is listed with its error; its pipe says so, others run, and both can be dropped', async () => {
    const { mkdtempSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const { createServer, loadConfiguration } = await import('@millrace/server');
    const { execute } = await import('../harness/execute.ts');
    const directory = mkdtempSync(join(tmpdir(), 'millrace-pipes-gone-'));
    const flags = { data_dir: join(directory, 'data'), 'http.port': 0, 'broker.port': 0, timezone: 'UTC' };
    const start = () => createServer(loadConfiguration({ workingDirectory: directory, flags }), { engine: { inProcess: true } });
    const first = await start();
    const uri = write('1.0.0', 'row');
    await execute(first.url, `CREATE STREAM s (k string, v int32)`);
    await execute(first.url, `CREATE PIPEPLUGIN "${plugin}" AS 'default' USING URI '${uri}'`);
    await execute(first.url, `CREATE PIPE broken WITH PROCESSOR ('processor'='${plugin}') ${world.target.connector}; START PIPE broken`);
    await execute(first.url, `CREATE PIPE sound ${world.target.connector}; START PIPE sound`);
    await first.close();
    rmSync(join(directory, 'data', 'ext'), { recursive: true });
    const second = await start();
    try {
      await execute(second.url, "INSERT INTO s (k, v) VALUES ('k', 1)");
      await world.target.untilRows(1);
      for (;;) {
        const [row] = await execute(second.url, 'SHOW PIPE broken');
        const [, , state, , , , exception] = row!.split('\t');
        if (state === 'RUNNING') continue;
        expect(exception).toContain(plugin);
        break;
      }
      const [listed] = await execute(second.url, `SHOW PIPEPLUGINS LIKE '${plugin}'`);
      expect(listed!.split('\t')[4]).not.toBe('None');
      await execute(second.url, `DROP PIPE broken; DROP PIPEPLUGIN "${plugin}"`);
      expect(await execute(second.url, `SHOW PIPEPLUGINS LIKE '${plugin}'`)).toEqual([]);
      expect((await execute(second.url, 'SHOW PIPES')).map((row) => row.split('\t').slice(0, 3).join(' '))).toEqual([
        expect.stringMatching(/^sound .* RUNNING$/),
      ]);
    } finally {
      await second.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
