import type { StageKind } from '../attributes/attribute.ts';
import type { Injections } from '../service-token.ts';
import type { PluginBase } from './plugin-definition.ts';

const legalName = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
/** What the context of `open` holds by itself. */
const contextNames = new Set(['attributes', 'pipe', 'signal', 'position']);

/** For authors who do not compile: what the types say anyhow, and what they cannot say. */
export function assertBase<A>(kind: StageKind, plugin: PluginBase<A, Injections>, required: readonly string[]): void {
  for (const name of [plugin.name, ...(plugin.aliases ?? [])]) {
    if (typeof name !== 'string' || !legalName.test(name)) {
      throw new TypeError(`the name '${String(name)}' of a ${kind} is not legal: lower case, digits, and '-' between them`);
    }
  }
  if (typeof plugin.attributes?.read !== 'function') throw new TypeError(`${kind} '${plugin.name}' has no attributes: a.object({})`);
  if (typeof plugin.summary !== 'string') throw new TypeError(`${kind} '${plugin.name}' has no summary`);
  for (const hook of required) {
    if (typeof Reflect.get(plugin, hook) !== 'function') throw new TypeError(`${kind} '${plugin.name}' has no hook '${hook}'`);
  }
  const taken = Object.keys(plugin.inject ?? {}).find((name) => contextNames.has(name));
  if (taken !== undefined) throw new TypeError(`${kind} '${plugin.name}' injects '${taken}', a name that is taken by the context`);
}

export function assertExactlyOne(plugin: { readonly name: string }, hooks: readonly string[]): void {
  const found = hooks.filter((hook) => typeof Reflect.get(plugin, hook) === 'function');
  if (found.length !== 1) {
    const what = found.length === 0 ? 'none' : found.join(' and ');
    throw new TypeError(`'${plugin.name}' must have exactly one of the hooks ${hooks.join(', ')}: it has ${what}`);
  }
}
