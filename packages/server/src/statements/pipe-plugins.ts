import type { PipeDefinition, PipePluginDefinition } from '@millrace/catalog';
import { MillraceError, nearest } from '@millrace/core';
import type { PluginDescription, PluginHost } from '@millrace/pipes';
import type { StageKind } from '@millrace/sdk';
import type { CreatePipePlugin, DescribePipePlugin, DropPipePlugin, ShowPipePlugins } from '@millrace/sql';
import { checkPipeName } from '../pipes/pipe-names.ts';
import { stageKinds } from '../pipes/stage-attributes.ts';
import { type Answer, noAnswer, textRows } from './answer.ts';
import { likeFilter } from './like-filter.ts';
import type { Services } from './services.ts';

/** Statements over plugins follow each other: they share a directory. */
const turn = ' plugins';

/** CREATE [OR REPLACE] PIPEPLUGIN: takes the package into the library directory. With OR REPLACE pipes go over to it between two events. */
export function createPipePlugin(statement: CreatePipePlugin, services: Services): Promise<Answer> {
  const { exportName, uri, orReplace, ifNotExists } = statement;
  const { name } = statement.name;
  checkPipeName(name, 'plugin');
  const { catalog, pipes, clock } = services;
  return pipes.inTurn(turn, async () => {
    if (ifNotExists && catalog.pipePlugins.get(name) !== undefined) return noAnswer;
    const { host } = await pipes.load();
    const known = catalog.pipePlugins.get(name);
    const installed = await host.install({ name, exportName, uri }, orReplace);
    const definition: PipePluginDefinition = { ...installed, createdAtMs: clock.now() };
    pipes.notePlugin(name, definition.sha256);
    if (known === undefined) await catalog.pipePlugins.create(definition);
    else await catalog.pipePlugins.update(name, () => definition);
    return noAnswer;
  });
}

/** DROP PIPEPLUGIN. @throws {MillraceError} PLUGIN_BUILT_IN, PLUGIN_IN_USE naming the pipes, PLUGIN_UNKNOWN */
export function dropPipePlugin({ ifExists, name: { name } }: DropPipePlugin, services: Services): Promise<Answer> {
  const { catalog, pipes } = services;
  return pipes.inTurn(turn, async () => {
    const { host } = await pipes.load();
    const described = host.list().find((plugin) => plugin.name === name || plugin.aliases.includes(name));
    if (described?.isBuiltIn) throw builtIn(name);
    if (ifExists && catalog.pipePlugins.get(name) === undefined) return noAnswer;
    const refuseUsed = () => {
      const users = catalog.pipes.list().filter((pipe) => uses(pipe, name, host));
      if (users.length > 0) throw inUse(name, users);
      pipes.notePlugin(name, null);
    };
    await catalog.pipePlugins.drop(name, refuseUsed);
    await host.uninstall(name);
    return noAnswer;
  });
}

function uses(pipe: PipeDefinition, name: string, host: PluginHost): boolean {
  return stageKinds.some((kind: StageKind) => pipe[kind].plugin === name || nameOf(kind, pipe[kind].plugin, host) === name);
}

/** What is missing is nobody's alias. */
function nameOf(kind: StageKind, plugin: string, host: PluginHost): string | undefined {
  try {
    return host.find(kind, plugin).name;
  } catch {
    return undefined;
  }
}

function builtIn(name: string): MillraceError {
  return new MillraceError('PLUGIN_BUILT_IN', `the plugin ${name} is built in and cannot be dropped`, { details: { name } });
}

function inUse(name: string, users: readonly PipeDefinition[]): MillraceError {
  const names = users.map((pipe) => pipe.name);
  return new MillraceError(
    'PLUGIN_IN_USE',
    `the plugin ${name} is used by the ${names.length === 1 ? 'pipe' : 'pipes'} ${names.join(', ')}`,
    {
      hint: `drop ${names.length === 1 ? 'it' : 'them'} first: ${names.map((pipe) => `DROP PIPE ${pipe}`).join('; ')}`,
      details: { name, pipes: names },
    },
  );
}

const columns = ['PluginName', 'PluginType', 'ClassName', 'PluginJar', 'ExceptionMessage'];

/** SHOW PIPEPLUGINS: each by its name, and by each other name that it has. */
export async function showPipePlugins({ like }: ShowPipePlugins, { pipes }: Services): Promise<Answer> {
  const { host } = await pipes.load();
  const matches = likeFilter(like);
  const rows = host
    .list()
    .flatMap((plugin) => [plugin.name, ...plugin.aliases].map((name) => ({ name, plugin })))
    .filter(({ name }) => matches(name))
    .map(({ name, plugin }) => rowOf(name, plugin));
  return textRows(columns, rows);
}

function rowOf(name: string, { isBuiltIn, exportName, origin, packageFile, error }: PluginDescription): string[] {
  return [name, isBuiltIn ? 'Builtin' : 'External', `${origin}#${exportName}`, packageFile ?? '', error ?? 'None'];
}

/** DESCRIBE PIPEPLUGIN: a row for each attribute. @throws {MillraceError} PLUGIN_UNKNOWN */
export async function describePipePlugin({ name: { name } }: DescribePipePlugin, { pipes }: Services): Promise<Answer> {
  const { host } = await pipes.load();
  const plugins = host.list();
  const plugin = plugins.find((candidate) => candidate.name === name || candidate.aliases.includes(name));
  if (plugin === undefined) {
    const near = nearest(
      name,
      plugins.flatMap((candidate) => [candidate.name, ...candidate.aliases]),
    );
    const hint = near === undefined ? 'SHOW PIPEPLUGINS lists them' : `did you mean ${near}?`;
    throw new MillraceError('PLUGIN_UNKNOWN', `there is no plugin ${name}`, { hint, details: { name } });
  }
  const rows = Object.entries(plugin.attributes).map(([key, attribute]) => [
    key,
    attribute.type,
    attribute.default ?? (attribute.isRequired ? 'required' : 'optional'),
    attribute.legal,
    attribute.help,
    attribute.aliases.join(', '),
  ]);
  return textRows(['attribute', 'type', 'default', 'legal', 'description', 'aliases'], rows);
}
