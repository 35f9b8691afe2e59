import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { exportedPlugins } from '../src/plugin/exported-plugins.ts';
import { packPlugin } from '../src/plugin/pack-plugin.ts';
import { readPluginProject } from '../src/plugin/plugin-project.ts';
import { watchProject } from '../src/plugin/watch-project.ts';
import { writeProject } from '../src/plugin/write-project.ts';

const temporary = mkdtempSync(join(tmpdir(), 'millrace-plugin-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let count = 0;
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = join(temporary, `project-${++count}`);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const manifest = { name: 'p', version: '1.2.3', type: 'module', files: ['src'], millrace: { sdk: '^1', plugins: './src/index.js' } };
const plugin = (name: string) => `{ [Symbol.for('millrace.plugin')]: 1, kind: 'processor', name: '${name}' }`;

describe('a project', () => {
  it('is read from its package.json', () => {
    const folder = folderWith({ 'package.json': JSON.stringify({ ...manifest, dependencies: { left: '1' } }) });
    expect(readPluginProject(folder)).toMatchObject({ name: 'p', version: '1.2.3', dependencies: ['left'] });
  });

  it('is refused if it is none, with what to do', () => {
    expect(() => readPluginProject(folderWith({ x: '' }))).toThrow('has no package.json');
    expect(() => readPluginProject(folderWith({ 'package.json': '{' }))).toThrow('cannot be read');
    expect(() => readPluginProject(folderWith({ 'package.json': '{"name":"p","version":"1.0.0"}' }))).toThrow(
      'does not say where its plugins are',
    );
  });

  it('exports plugins, which are asked for anew each time', async () => {
    const folder = folderWith({
      'package.json': JSON.stringify(manifest),
      'src/index.js': `console.log('noise'); export default ${plugin('one')}; export const other = ${plugin('two')}; export const no = {};`,
    });
    const project = readPluginProject(folder);
    expect(await exportedPlugins(project)).toEqual([
      { exportName: 'default', name: 'one', kind: 'processor' },
      { exportName: 'other', name: 'two', kind: 'processor' },
    ]);
    writeFileSync(join(folder, 'src/index.js'), `export default ${plugin('three')}`);
    expect(await exportedPlugins(project)).toMatchObject([{ name: 'three' }]);
    writeFileSync(join(folder, 'src/index.js'), 'export default nothing');
    await expect(exportedPlugins(project)).rejects.toThrow(
      `the plugins of p cannot be loaded: ${join('src', 'index.js')}:1: ReferenceError: nothing is not defined`,
    );
    writeFileSync(join(folder, 'src/index.js'), 'export default {}');
    await expect(exportedPlugins(project)).rejects.toThrow('p exports no plugin');
  });

  it('is packed with what its manifest names, and its checksum', async () => {
    const folder = folderWith({ 'package.json': JSON.stringify(manifest), 'src/index.js': '', 'test/secret.js': '' });
    const packed = await packPlugin(readPluginProject(folder));
    expect(packed.file).toMatch(/p-1\.2\.3\.tgz$/);
    expect(packed.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(packed.file)).toHaveLength(packed.sizeBytes);
    await packed.remove();
    expect(() => readFileSync(packed.file)).toThrow('ENOENT');
  });

  it('tells what was changed in it, but not by tools', { timeout: 10_000 }, async () => {
    const folder = folderWith({ 'src/index.js': '', 'node_modules/x/index.js': '' });
    const stop = new AbortController();
    const changes = watchProject(folder, stop.signal);
    const first = changes.next();
    writeFileSync(join(folder, 'node_modules/x/index.js'), '1');
    writeFileSync(join(folder, 'src/index.js'), '1');
    expect(await first).toEqual({ done: false, value: [join('src', 'index.js')] });
    const second = changes.next();
    stop.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
  });
});

describe('a new project', () => {
  const sdk = fileURLToPath(new URL('../../../sdk', import.meta.url));

  it.each(['processor', 'connector', 'extractor'] as const)('of a %s has its name everywhere, and exports a plugin of it', async (kind) => {
    const folder = join(temporary, kind, 'brand-new');
    const files = await writeProject(folder, kind);
    expect(files).toEqual(
      expect.arrayContaining(['.gitignore', 'README.md', 'package.json', 'src/index.ts', 'test/plugin.test.ts', 'tsconfig.json']),
    );
    for (const file of files) expect(readFileSync(join(folder, file), 'utf8')).not.toContain('my-plugin');
    expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))).toMatchObject({
      name: 'brand-new',
      millrace: { sdk: '^1' },
      devDependencies: { '@millrace/sdk': `file:${sdk}` },
    });
    mkdirSync(join(folder, 'node_modules/@millrace'), { recursive: true });
    symlinkSync(sdk, join(folder, 'node_modules/@millrace/sdk'));
    expect(await exportedPlugins(readPluginProject(folder))).toEqual([{ exportName: 'default', name: 'brand-new', kind }]);
  });

  it('is not written over anything, nor under a name that no plugin has', async () => {
    await expect(writeProject(folderWith({ x: '' }), 'processor')).rejects.toThrow('is not empty');
    await expect(writeProject(join(temporary, 'Brand_new'), 'processor')).rejects.toThrow('Brand_new is no name for a plugin');
  });
});
