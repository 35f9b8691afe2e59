import { MillraceError } from '@millrace/core';
import type { AttributeResult, PluginDefinition, StageKind } from '@millrace/sdk';
import type { StageRequest } from '../stage/stage.ts';
import { hookError } from './stages/hook-failure.ts';

/** The values of a stage's attributes. @throws {MillraceError} PIPE_ATTRIBUTES_INVALID with every problem, also as `details.problems` */
export function readAttributes(definition: PluginDefinition, { kind, plugin, attributes }: StageRequest, zone: string): unknown {
  const result = readAll(definition, attributes, kind, zone);
  if (result.ok) return result.values;
  const { problems } = result;
  throw new MillraceError('PIPE_ATTRIBUTES_INVALID', `the ${kind} ${plugin.name} cannot be opened so: ${problems.join('; ')}`, {
    details: { plugin: plugin.name, kind, problems },
  });
}

function readAll(definition: PluginDefinition, given: StageRequest['attributes'], kind: StageKind, zone: string): AttributeResult<unknown> {
  try {
    return definition.attributes.read(given, kind, { zone });
  } catch (error) {
    throw hookError({ plugin: definition.name, hook: 'attributes' }, error);
  }
}
