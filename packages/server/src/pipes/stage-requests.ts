import type { PipeDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import type { PluginHost, StageRequest } from '@millrace/pipes';
import type { StageKind } from '@millrace/sdk';
import { pipeOptions, pluginAttributes, stageKinds } from './stage-attributes.ts';

/** What the stages of a pipe are made of. */
export type StageRequests = Readonly<Record<StageKind, StageRequest>>;

type Stages = Pick<PipeDefinition, 'name' | StageKind>;

/** @throws {MillraceError} PLUGIN_UNKNOWN, PLUGIN_INVALID */
export function stageRequests(pipe: Stages, host: Pick<PluginHost, 'find'>): StageRequests {
  const request = (kind: StageKind): StageRequest => {
    const { plugin, attributes } = pipe[kind];
    return { pipe: pipe.name, kind, plugin: host.find(kind, plugin), attributes: pluginAttributes(kind, attributes) };
  };
  return { extractor: request('extractor'), processor: request('processor'), connector: request('connector') };
}

/** Checks the attributes of all stages and of the pipe. @throws {MillraceError} PIPE_ATTRIBUTES_INVALID with every problem */
export async function checkAttributes(pipe: Stages, requests: StageRequests, host: Pick<PluginHost, 'check'>): Promise<void> {
  const problems: string[] = [];
  pipeOptions(pipe, problems);
  for (const kind of stageKinds) {
    try {
      await host.check(requests[kind]);
    } catch (failure) {
      problems.push(...problemsOf(failure));
    }
  }
  if (problems.length > 0) throw attributesInvalid(pipe.name, problems);
}

function problemsOf(failure: unknown): readonly string[] {
  if (!(failure instanceof MillraceError) || failure.code !== 'PIPE_ATTRIBUTES_INVALID') throw failure;
  const { problems } = failure.details;
  return Array.isArray(problems) ? (problems as string[]) : [failure.message];
}

export function attributesInvalid(name: string, problems: readonly string[]): MillraceError {
  const message =
    problems.length === 1
      ? `the pipe ${name}: ${problems[0]}`
      : `the pipe ${name} has ${problems.length} problems:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`;
  return new MillraceError('PIPE_ATTRIBUTES_INVALID', message, { details: { name, problems } });
}

/** Equal for connectors that pipes share, whatever the order of their keys. */
export function connectorIdentity({ connector }: Pick<PipeDefinition, 'connector'>): string {
  const attributes = Object.entries(pluginAttributes('connector', connector.attributes)).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([connector.plugin, attributes]);
}
