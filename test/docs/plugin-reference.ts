import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AttributeDescription, isPluginDefinition, type PluginDefinition, type StageKind } from '@millrace/sdk';
import { root } from '../architecture/workspace.ts';

const headings: Readonly<Record<StageKind, string>> = { extractor: 'Extractors', processor: 'Processors', connector: 'Connectors' };

/** docs/plugins/reference.md: every plugin that is built in, from its schema. */
export async function pluginReference(): Promise<string> {
  const plugins = await builtInPlugins();
  const sections = Object.entries(headings).flatMap(([kind, heading]) => [
    `## ${heading}`,
    '',
    ...plugins.filter((plugin) => plugin.kind === kind).flatMap(describe),
  ]);
  return `${[...introduction, ...sections].join('\n').trimEnd()}\n`;
}

const introduction = [
  '# Plugins that are built in',
  '',
  'Made from the schemas of the plugins (`npm run docs`); `DESCRIBE PIPEPLUGIN <name>` and `millrace pipeplugin describe <name>` show the same,',
  'also of plugins of your own. A key may stand with the name of its stage before it: `connector.path` or `sink.path` is `path`,',
  '`extractor.pattern` or `source.pattern` is `pattern`, `processor.sql` is `sql`. Attributes that every pipe has beside these are in',
  '[pipes](../pipes.md); how to write a plugin is told in the [tutorial](tutorial.md).',
  '',
];

async function builtInPlugins(): Promise<readonly PluginDefinition[]> {
  const entries = readdirSync(join(root, 'plugins')).map((name) => join(root, 'plugins', name, 'src/index.ts'));
  const modules = await Promise.all(entries.filter((entry) => existsSync(entry)).map((entry) => import(pathToFileURL(entry).href)));
  const plugins = modules.flatMap((module: object) => Object.values(module).filter(isPluginDefinition));
  return plugins.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function describe({ name, aliases = [], summary, attributes }: PluginDefinition): string[] {
  const also = aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `\`${alias}\``).join(', ')}.`;
  const rows = Object.entries(attributes.attributes).map(([key, { description }]) => row(key, description));
  const table = rows.length === 0 ? ['It has no attributes.'] : ['| key | default | legal | |', '|---|---|---|---|', ...rows];
  return [`### ${name}`, '', `${summary}${also}`, '', ...table, ''];
}

function row(key: string, attribute: AttributeDescription): string {
  const { default: value, isRequired, isSecret, legal, help, example, aliases } = attribute;
  const standard = value === undefined ? (isRequired ? '**required**' : 'none') : `\`${value}\``;
  const notes = [
    help.replaceAll('<', '\\<'),
    example === undefined ? '' : `e.g. \`${example}\``,
    aliases.length === 0 ? '' : `also ${aliases.map((alias) => `\`${alias}\``).join(', ')}`,
    isSecret ? 'never printed' : '',
  ];
  const cells = [`\`${key}\``, standard, legal, notes.filter((note) => note !== '').join('; ')];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
