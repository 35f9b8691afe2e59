import { isPluginDefinition, type PluginDefinition } from '@millrace/sdk';
import type { ExportDescription } from './plugin-description.ts';

/** The plugins that a module exports, in the order of their names; what else it exports is passed over. */
export function describeModule(module: Readonly<Record<string, unknown>>): readonly ExportDescription[] {
  return Object.entries(module)
    .flatMap(([exportName, exported]) => (isPluginDefinition(exported) ? [describeExport(exportName, exported)] : []))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describeExport(exportName: string, { name, aliases = [], kind, summary, attributes }: PluginDefinition): ExportDescription {
  const described = Object.entries(attributes.attributes).map(([key, attribute]) => [key, { ...attribute.description }] as const);
  return { name, aliases: [...aliases], kind, exportName, summary, attributes: Object.fromEntries(described) };
}
