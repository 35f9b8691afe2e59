import { MillraceError } from '@millrace/core';
import { isPluginDefinition, type PluginDefinition, type StageKind } from '@millrace/sdk';
import type { PluginReference } from '../stage/stage.ts';
import { messageOf } from './stages/hook-failure.ts';

/** What a plugin of a kind is defined by. */
export type DefinitionOf<K extends StageKind> = Extract<PluginDefinition, { readonly kind: K }>;

/** The definition that a reference is of. @throws {MillraceError} PLUGIN_INVALID */
export async function loadDefinition<K extends StageKind>(reference: PluginReference, kind: K): Promise<DefinitionOf<K>> {
  const { name, module, exportName } = reference;
  const exported: unknown = (await importModule(module))[exportName];
  if (!isPluginDefinition(exported)) {
    throw new MillraceError('PLUGIN_INVALID', `the plugin ${name} cannot be used: its module exports no plugin as ${exportName}`);
  }
  if (exported.kind !== kind) {
    throw new MillraceError('PLUGIN_INVALID', `the plugin ${name} is no ${kind}: it is a ${exported.kind}`);
  }
  return exported as DefinitionOf<K>;
}

/** @throws {MillraceError} PLUGIN_INVALID with what the module has thrown */
export async function importModule(url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(/* @vite-ignore */ url)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new MillraceError('PLUGIN_INVALID', `the module cannot be loaded: ${messageOf(cause)}`, { cause });
  }
}
