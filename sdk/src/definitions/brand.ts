import type { PluginDefinition } from './plugin-definition.ts';

/** Marks what a `define…` function has made, in every copy of the SDK. */
export const brand: unique symbol = Symbol.for('millrace.plugin');

/** The major version of the SDK that made a definition. */
export const majorVersion = 1;

/** Whether an export of a module is a plugin, made by this copy of the SDK or another one. */
export function isPluginDefinition(value: unknown): value is PluginDefinition {
  return typeof value === 'object' && value !== null && brand in value;
}
