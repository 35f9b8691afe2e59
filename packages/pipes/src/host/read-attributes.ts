import { MillraceError } from '@millrace/core';
import type { PluginDefinition } from '@millrace/sdk';
import type { StageRequest } from '../stage/stage.ts';

/** The values of a stage's attributes. @throws {MillraceError} PIPE_ATTRIBUTES_INVALID with every problem, also as `details.problems` */
export function readAttributes(definition: PluginDefinition, { kind, plugin, attributes }: StageRequest, zone: string): unknown {
  const result = definition.attributes.read(attributes, kind, { zone });
  if (result.ok) return result.values;
  const { problems } = result;
  throw new MillraceError('PIPE_ATTRIBUTES_INVALID', `the ${kind} ${plugin.name} cannot be opened so: ${problems.join('; ')}`, {
    details: { plugin: plugin.name, kind, problems },
  });
}
