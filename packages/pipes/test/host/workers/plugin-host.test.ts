import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BatchRows } from '../../../src/host/events/batch-rows.ts';
import { systemNetwork } from '../../../src/host/packages/fetch-package.ts';
import { rowsBatch } from '../event-batches.ts';
import { failureOf } from '../failure-of.ts';
import { never } from '../open-stages.ts';
import { PackageFolder, processorModule, recordingLogger, requestFor } from './user-packages.ts';

let folder: PackageFolder;
beforeEach(() => {
  folder = new PackageFolder();
});
afterEach(() => folder.remove(), 30_000);

const plus = (by: string) => processorModule('plus', `map: (row, { attributes }) => ({ ...row, v: row.v + ${by} })`);
const numbers = rowsBatch({ v: ['int32', [1, 2, 3]] });

const fileUri = (path: string) => pathToFileURL(path).href;

/** The news of newer code is on its way to the thread of the pipe: until it is there, events go on through the old one. */
async function untilRefused(work: () => Promise<unknown>): Promise<never> {
  for (;;) await work();
}

async function values(host: Awaited<ReturnType<PackageFolder['host']>>, name: string, attributes = {}): Promise<unknown[]> {
  const stage = await host.stages.openProcessor(requestFor(host, 'processor', name, attributes), never);
  const { batches } = await stage.process(numbers, 1);
  await stage.close();
  return batches.flatMap((batch) => new BatchRows(batch, 'UTC').rows.map(({ v }) => v));
}

describe('the library of plugins', { timeout: 30_000 }, () => {
  it('finds folders, archives and single modules, also in TypeScript', async () => {
    folder.write('library/pack', { 'index.js': plus('attributes.by') });
    folder.write('source/package', { 'index.js': plus('100').replace("'plus'", "'packed'") });
    await create({ gzip: true, file: join(folder.library, 'packed.tgz'), cwd: join(folder.path, 'source') }, ['package']);
    writeFileSync(
      join(folder.library, 'typed.ts'),
      `import { a, defineProcessor, type Row } from '@millrace/sdk';
       interface In extends Row { readonly v: number }
       export const typed = defineProcessor({ name: 'typed', summary: 'x', attributes: a.object({}), map: (row: In): Row => ({ v: row.v * 2 }) });
       export const other = 5;`,
    );
    writeFileSync(join(folder.library, 'notes.txt'), 'no package');
    const host = await folder.host();
    expect(host.list().map(({ name, kind, exportName, packageFile, error }) => [name, kind, exportName, packageFile, error])).toEqual([
      ['packed', 'processor', 'default', 'packed.tgz', null],
      ['plus', 'processor', 'default', 'pack', null],
      ['typed', 'processor', 'typed', 'typed.ts', null],
    ]);
    expect(host.list()[1]!.attributes['by']).toMatchObject({ type: 'integer', default: '1' });
    expect([await values(host, 'packed'), await values(host, 'plus', { by: '5' }), await values(host, 'typed')]).toEqual([
      [101, 102, 103],
      [6, 7, 8],
      [2, 4, 6],
    ]);
  });

  it('lists what is broken with its error, and lets it block nothing', async () => {
    folder.write('library/good', { 'index.js': plus('1') });
    folder.write('library/b1', { 'index.js': 'export const x = 1' });
    folder.write('library/b2', { 'index.js': 'throw new Error("not today")' });
    folder.write('library/b3', { 'index.js': plus('1') }, { millrace: { sdk: '^2', plugins: './index.js' } });
    folder.write('library/b4', { 'index.js': plus('1') }, { millrace: undefined });
    folder.write('library/b5', { 'index.js': 'while (true);' });
    folder.write('library/b6', { 'index.js': plus('1'), 'package.json': '{' });
    folder.write('library/b7', {}, { millrace: { sdk: '^1', plugins: './dist/index.js' } });
    folder.write('library/b8', {}, { millrace: { sdk: '^1', plugins: '../good/index.js' } });
    folder.write('library/b9', { 'index.js': plus('2') });
    symlinkSync(join(folder.library, 'good'), join(folder.library, 'link'));
    const host = await folder.host();
    const errors = Object.fromEntries(host.list().map(({ packageFile, error }) => [packageFile, error]));
    expect(errors).toEqual({
      b1: 'its module exports no plugin',
      b2: 'the module cannot be loaded: not today',
      b3: 'b3 is for the SDK ^2, but this server has the SDK 1.0.0',
      b4: 'package.json has no field millrace: it is { "sdk": "^1", "plugins": "./dist/index.js" }',
      b5: 'the module cannot be loaded: it has not come back for 700 ms',
      b6: expect.stringContaining('package.json cannot be read: '),
      b7: 'the module ./dist/index.js that package.json names is not there: was it built?',
      b8: 'the module ../good/index.js that package.json names is outside the package',
      b9: null,
      good: 'a plugin of b9 is called plus already',
      link: 'link is a link: packages stand in the library directory themselves',
    });
    expect(await values(host, 'plus')).toEqual([3, 4, 5]);
    expect((await failureOf(Promise.resolve().then(() => host.find('processor', 'pluss')))).hint).toBe('did you mean plus?');
    expect(() => host.find('connector', 'plus')).toThrow('plus is no connector: it is a processor');
    expect(() => host.find('processor', 'b2')).toThrow('the plugin b2 cannot be used: the module cannot be loaded: not today');
  });

  it('lists a built-in plugin that cannot be loaded with its error, too', async () => {
    const missing = pathToFileURL(join(folder.path, 'some-connector/dist/index.js')).href;
    const good = new URL('../plugins/processors.ts', import.meta.url).href;
    const host = await folder.host({ builtIns: [missing, good] });
    expect(host.list().find(({ name }) => name === 'some-connector')).toMatchObject({
      isBuiltIn: true,
      error: expect.stringContaining('cannot be loaded'),
    });
    expect(host.find('processor', 'plus-one')).toMatchObject({ isBuiltIn: true, exportName: 'plusOne' });
    expect(() => host.find('connector', 'some-connector')).toThrow('the plugin some-connector cannot be used: the module cannot be loaded');
    expect((await failureOf(host.uninstall('plus-one'))).code).toBe('PLUGIN_BUILT_IN');
    expect((await failureOf(host.install({ name: 'plus-one', exportName: 'x', uri: 'file:///x.tgz' }, true))).code).toBe('PLUGIN_BUILT_IN');
  });

  it('has a plugin installed, in use, replaced between two events, and dropped', async () => {
    const host = await folder.host();
    const first = folder.write('my-plus', { 'index.js': plus('1') });
    const installed = await host.install({ name: 'add', exportName: 'plus', uri: fileUri(first) }, false);
    expect(installed).toEqual({
      name: 'add',
      exportName: 'default',
      packageFile: expect.stringMatching(/^my-plus-1\.0\.0-[0-9a-f]{8}$/),
      uri: fileUri(first),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const request = requestFor(host, 'processor', 'add');
    const stage = await host.stages.openProcessor(request, never);
    const processed = async () => new BatchRows((await stage.process(numbers, 1)).batches[0]!, 'UTC').rows.map(({ v }) => v);
    expect(await processed()).toEqual([2, 3, 4]);

    expect((await failureOf(host.install({ name: 'add', exportName: 'plus', uri: fileUri(first) }, false))).code).toBe('PLUGIN_EXISTS');
    const second = folder.write('my-plus', { 'index.js': plus('10') });
    await host.install({ name: 'add', exportName: 'default', uri: fileUri(second) }, true);
    const replaced = await failureOf(untilRefused(processed));
    expect(replaced.details).toEqual({ cause: 'replaced', plugin: 'add', hook: 'open' });
    await stage.close();
    const renewed = await host.stages.openProcessor(request, never);
    expect(new BatchRows((await renewed.process(numbers, 1)).batches[0]!, 'UTC').rows.map(({ v }) => v)).toEqual([11, 12, 13]);
    await renewed.close();
    expect(readdirSync(folder.library)).toHaveLength(1);

    await host.uninstall('add');
    expect(readdirSync(folder.library)).toEqual([]);
    expect(() => host.find('processor', 'add')).toThrow(expect.objectContaining({ code: 'PLUGIN_UNKNOWN' }));
    expect((await failureOf(host.uninstall('add'))).code).toBe('PLUGIN_UNKNOWN');
  });

  it('knows after a restart what was installed, and tells what is gone or was changed', async () => {
    const host = await folder.host();
    const kept = await host.install(
      { name: 'kept', exportName: 'plus', uri: fileUri(folder.write('a', { 'index.js': plus('1') })) },
      false,
    );
    const changed = await host.install(
      { name: 'changed', exportName: 'plus', uri: fileUri(folder.write('b', { 'index.js': plus('2') })) },
      false,
    );
    writeFileSync(join(folder.library, changed.packageFile, 'index.js'), plus('3'));
    const gone = { ...kept, name: 'gone', packageFile: 'gone.tgz' };
    const again = await folder.host({ installed: [kept, changed, gone] });
    expect(again.list().map(({ name, error }) => [name, error])).toEqual([
      ['changed', expect.stringContaining(`${changed.packageFile} has changed since it was installed: its SHA-256 is `)],
      ['gone', expect.stringMatching(/^gone.tgz is not in the library directory /)],
      ['kept', null],
    ]);
    expect(await values(again, 'kept')).toEqual([2, 3, 4]);
    await again.uninstall('gone');
  });

  it('takes a name in its directory as it stands there, and leaves it there', async () => {
    folder.write('library/pack', { 'index.js': plus('1') });
    const host = await folder.host();
    expect(host.list().map(({ name }) => name)).toEqual(['plus']);
    await host.install({ name: 'mine', exportName: 'default', uri: 'pack' }, false);
    expect(host.list().map(({ name }) => name)).toEqual(['mine']);
    await host.uninstall('mine');
    expect(host.list().map(({ name }) => name)).toEqual(['plus']);
    expect((await failureOf(host.uninstall('plus'))).hint).toBe('remove pack there');
  });

  it('leaves nothing behind of what it cannot use', async () => {
    const host = await folder.host();
    const source = folder.write('a', { 'index.js': plus('1') });
    const refused = await failureOf(host.install({ name: 'x', exportName: 'nope', uri: fileUri(source) }, false));
    expect(refused.message).toBe('the package exports no plugin as nope: it exports default');
    expect((await failureOf(host.install({ name: 'x', exportName: 'a', uri: fileUri(join(folder.path, 'nowhere')) }, false))).code).toBe(
      'PLUGIN_UNAVAILABLE',
    );
    expect(readdirSync(folder.library)).toEqual([]);
  });

  it('copies of what a package has installed only what it needs to run', async () => {
    const host = await folder.host();
    const source = folder.write(
      'needing',
      {
        'index.js': processorModule('needing', 'map: (row) => ({ v: row.v + one })', "import { one } from 'one';"),
        'node_modules/one/package.json': '{"name":"one","type":"module","exports":"./i.js","dependencies":{"@two/two":"1"}}',
        'node_modules/one/i.js': "export { one } from '@two/two'",
        'node_modules/@two/two/package.json': '{"name":"@two/two","type":"module","exports":"./i.js"}',
        'node_modules/@two/two/i.js': 'export const one = 1',
        'node_modules/@two/tool/package.json': '{}',
        'node_modules/tool/package.json': '{}',
        '.git/HEAD': 'x',
      },
      { dependencies: { one: '1' } },
    );
    const { packageFile } = await host.install({ name: 'needing', exportName: 'default', uri: fileUri(source) }, false);
    expect(await values(host, 'needing')).toEqual([2, 3, 4]);
    const copy = join(folder.library, packageFile);
    expect(readdirSync(copy).sort()).toEqual(['index.js', 'node_modules', 'package.json']);
    expect(['one', '@two/two', '@two/tool', 'tool'].map((name) => existsSync(join(copy, 'node_modules', name)))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    ['https://example.org/x.tgz', 'trusted_uri_pattern does not admit it'],
    ['npm:some-package', 'trusted_uri_pattern does not admit it'],
    ['../outside', 'trusted_uri_pattern does not admit it'],
    ['/etc/passwd', 'trusted_uri_pattern does not admit it'],
    ['..', 'a name in the library directory has no / or \\, and does not begin with a dot'],
    ['.unpacked', 'a name in the library directory has no / or \\, and does not begin with a dot'],
  ])('takes nothing from %s', async (uri, reason) => {
    const host = await folder.host();
    const refused = await failureOf(host.install({ name: 'x', exportName: 'x', uri }, false));
    expect([refused.code, refused.message]).toEqual(['PLUGIN_URI_REFUSED', expect.stringContaining(reason)]);
  });

  it.each([
    ['http://example.org/x.tgz', 'packages come by file:, https:, npm:'],
    ['https://example.org/x.zip', 'what is fetched is a .tgz or one of'],
    ['npm:--evil', 'npm: is followed by the name of a package'],
    ['npm:../x', 'npm: is followed by the name of a package'],
    ['npm:git+ssh://x', 'npm: is followed by the name of a package'],
  ])('takes nothing from %s even where everything is trusted', async (uri, reason) => {
    const host = await folder.host({ trustedUriPattern: /.*/ });
    expect((await failureOf(host.install({ name: 'x', exportName: 'x', uri }, false))).message).toContain(reason);
  });

  it.each([
    ['file:/opt/plugins/../../tmp/x.tgz', 'trusted_uri_pattern does not admit file:/tmp/x.tgz'],
    ['file:/opt/plugins/%2e%2e%2f%2e%2e/tmp/x.tgz', 'trusted_uri_pattern does not admit file:/tmp/x.tgz'],
    ['file:///opt/plugins/%2E%2E/x.tgz', 'trusted_uri_pattern does not admit file:///opt/x.tgz'],
    ['https://example.org/plugins/../others/x.tgz', 'trusted_uri_pattern does not admit https://example.org/others/x.tgz'],
    ['https://example.org/plugins/.%2e/x.tgz', 'trusted_uri_pattern does not admit https://example.org/x.tgz'],
  ])('takes nothing from %s where only what lies below is trusted', async (uri, reason) => {
    const host = await folder.host({ trustedUriPattern: /(file:(\/\/)?\/opt|https:\/\/example\.org)\/plugins\/.*/ });
    expect((await failureOf(host.install({ name: 'x', exportName: 'x', uri }, false))).message).toContain(reason);
  });

  it('follows the links of a server as long as all of them are https:', async () => {
    const asked: string[] = [];
    const links: Record<string, string> = {
      'https://a.org/x.tgz': 'https://b.org/y',
      'https://b.org/y': '/z',
      'https://a.org/bad.tgz': 'http://127.0.0.1/y',
      'https://a.org/loop.tgz': 'https://a.org/loop.tgz',
    };
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url);
      const location = links[url];
      return location === undefined ? new Response('bytes') : new Response(null, { status: 302, headers: { location } });
    });
    try {
      expect(Buffer.from(await systemNetwork.download('https://a.org/x.tgz', 100, 1000)).toString()).toBe('bytes');
      expect(asked).toEqual(['https://a.org/x.tgz', 'https://b.org/y', 'https://b.org/z']);
      await expect(systemNetwork.download('https://a.org/bad.tgz', 100, 1000)).rejects.toThrow(
        'leads to http://127.0.0.1/y, which is not https:',
      );
      await expect(systemNetwork.download('https://a.org/loop.tgz', 100, 1000)).rejects.toThrow('more than 10 times');
      expect(asked.filter((url) => !url.startsWith('https:'))).toEqual([]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('takes what a link leads to, and leaves none in its directory', async () => {
    writeFileSync(join(folder.path, 'plus-2.mjs'), plus('2'));
    symlinkSync(join(folder.path, 'plus-2.mjs'), join(folder.path, 'newest.mjs'));
    const host = await folder.host();
    await host.install({ name: 'add', exportName: 'default', uri: fileUri(join(folder.path, 'newest.mjs')) }, false);
    expect(await values(host, 'add')).toEqual([3, 4, 5]);
    expect(lstatSync(join(folder.library, readdirSync(folder.library)[0]!)).isFile()).toBe(true);
  });

  it('waits for nobody to write into a pipe that lies in its directory', async () => {
    mkdirSync(folder.library, { recursive: true });
    execFileSync('mkfifo', [join(folder.library, 'endless.mjs')]);
    const host = await folder.host();
    expect(host.list().map(({ name, error }) => [name, error])).toEqual([['endless.mjs', 'endless.mjs is neither a file nor a folder']]);
  });

  it('fetches by https: and npm: where those are trusted', async () => {
    folder.write('source/package', { 'index.js': plus('7') });
    const archive = join(folder.path, 'x.tgz');
    await create({ gzip: true, file: archive, cwd: join(folder.path, 'source') }, ['package']);
    const ran: string[] = [];
    const network = {
      download: async (url: string) => {
        ran.push(url);
        return readFile(archive);
      },
      npm: async (args: readonly string[], where: string) => {
        ran.push(args.slice(0, 2).join(' '));
        if (args[0] === 'pack') writeFileSync(join(where, 'x-1.0.0.tgz'), await readFile(archive));
      },
    };
    const host = await folder.host({ trustedUriPattern: /(npm|https):.*/, network });
    await host.install({ name: 'by-https', exportName: 'default', uri: 'https://example.org/x.tgz' }, false);
    await host.install({ name: 'by-npm', exportName: 'default', uri: 'npm:@acme/x@^1.0' }, false);
    expect(ran).toEqual(['https://example.org/x.tgz', 'pack @acme/x@^1.0', 'install --omit=dev']);
    expect([await values(host, 'by-https'), await values(host, 'by-npm')]).toEqual([
      [8, 9, 10],
      [8, 9, 10],
    ]);
    await host.uninstall('by-https');
    expect(await values(host, 'by-npm')).toEqual([8, 9, 10]);
  });

  it('unpacks nothing that could lead elsewhere', async () => {
    await mkdir(join(folder.path, 'source/package'), { recursive: true });
    symlinkSync('/etc/hostname', join(folder.path, 'source/package/index.js'));
    await create({ gzip: true, file: join(folder.path, 'evil.tgz'), cwd: join(folder.path, 'source') }, ['package']);
    const host = await folder.host();
    const refused = await failureOf(host.install({ name: 'x', exportName: 'x', uri: fileUri(join(folder.path, 'evil.tgz')) }, false));
    expect(refused.message).toBe('the archive cannot be unpacked: package/index.js is a SymbolicLink: only files and folders are taken');
    writeFileSync(join(folder.path, 'broken.tgz'), 'no archive');
    expect((await failureOf(host.install({ name: 'x', exportName: 'x', uri: fileUri(join(folder.path, 'broken.tgz')) }, false))).code).toBe(
      'PLUGIN_INVALID',
    );
    expect(readdirSync(folder.library).filter((name) => name !== '.unpacked')).toEqual([]);
    expect(readdirSync(join(folder.library, '.unpacked'))).toEqual([]);
  });

  it('gives plugins in workers their services, and puts what they print into the log', async () => {
    const lines: { fields: object; message: string }[] = [];
    folder.write('library/pack', {
      'index.js': processorModule(
        'serviced',
        `inject: { log: Logger, metrics: Metrics, sql: Sql, streams: Streams },
         processBatch(event, emit, { log, metrics, sql, streams }) {
           console.log('printed');
           log.warn({ n: 1, f() {} }, 'logged');
           metrics.count('batches');
           emit.event(sql.compile('SELECT v FROM event WHERE v > ' + streams.list().length, event.columns).run(event));
         }`,
      ),
    });
    const host = await folder.host({ logger: recordingLogger(lines), timeoutMs: 20_000 });
    host.setStreams([{ name: 's', columns: [], eventTimeColumn: null }]);
    expect(await values(host, 'serviced')).toEqual([2, 3]);
    await expect.poll(() => lines.map(({ message }) => message), { timeout: 5000 }).toEqual(expect.arrayContaining(['printed', 'logged']));
    expect(lines.find(({ message }) => message === 'logged')!.fields).toMatchObject({ pipe: 'p', stage: 'processor', plugin: 'serviced' });
    expect(lines.find(({ message }) => message === 'printed')!.fields).toMatchObject({ plugin: expect.stringMatching(/^pack@1.0.0 \(/) });
    await expect
      .poll(() => host.metrics(), { timeout: 5000 })
      .toMatchObject([{ pipe: 'p', plugin: 'serviced', name: 'batches', value: 1 }]);
  });

  it('checks attributes in the worker of the plugin, and tells every problem', async () => {
    folder.write('library/pack', { 'index.js': plus('1') });
    const host = await folder.host();
    await host.check(requestFor(host, 'processor', 'plus', { by: '4' }));
    const refused = await failureOf(host.check(requestFor(host, 'processor', 'plus', { by: 'x', wrong: '1' })));
    expect([refused.code, refused.details['problems']]).toEqual(['PIPE_ATTRIBUTES_INVALID', [expect.any(String), expect.any(String)]]);
  });
});
