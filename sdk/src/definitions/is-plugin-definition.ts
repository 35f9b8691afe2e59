import { brand } from './brand.ts';
import type { ConnectorDefinition } from './connector-definition.ts';
import type { ExtractorDefinition } from './extractor-definition.ts';
import type { ProcessorDefinition } from './processor-definition.ts';

/** What a package of plugins exports. */
export type PluginDefinition = ExtractorDefinition | ProcessorDefinition | ConnectorDefinition;

/** Whether an export of a module is a plugin, made by this copy of the SDK or another one. */
export function isPluginDefinition(value: unknown): value is PluginDefinition {
  return typeof value === 'object' && value !== null && brand in value;
}
