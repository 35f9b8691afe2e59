import { MillraceError, nearest } from '@millrace/core';
import type { StageKind } from '@millrace/sdk';
import type { PluginReference } from '../stage/stage.ts';
import type { ExportDescription, PluginDescription } from './plugin-description.ts';

/** A plugin and where its code is. */
export interface RegisteredPlugin {
  readonly description: PluginDescription;
  /** URL of its module; null where it cannot be loaded. */
  readonly module: string | null;
}

/** All plugins by name. */
export class PluginRegistry {
  readonly #builtIns: readonly RegisteredPlugin[];
  #others: readonly RegisteredPlugin[] = [];

  constructor(builtIns: readonly RegisteredPlugin[]) {
    this.#builtIns = builtIns;
  }

  /** What is not built in, from now on. Of several that have one name only the first can be used. */
  setOthers(plugins: readonly RegisteredPlugin[]): void {
    const owners = new Map(this.#builtIns.flatMap(({ description }) => namesOf(description).map((name) => [name, 'a built-in plugin'])));
    this.#others = plugins.map((plugin) => {
      const { description } = plugin;
      if (description.error !== null) return plugin;
      const taken = namesOf(description).find((name) => owners.has(name));
      if (taken !== undefined) {
        return { ...plugin, description: { ...description, error: `${owners.get(taken)} is called ${taken} already` } };
      }
      for (const name of namesOf(description)) owners.set(name, `a plugin of ${description.packageFile ?? description.origin}`);
      return plugin;
    });
  }

  /** Built-in ones first. */
  list(): readonly PluginDescription[] {
    const byName = (a: RegisteredPlugin, b: RegisteredPlugin) => (a.description.name < b.description.name ? -1 : 1);
    return [...this.#builtIns.toSorted(byName), ...this.#others.toSorted(byName)].map(({ description }) => description);
  }

  /** Whether a plugin that can be used has this name. */
  named(name: string): RegisteredPlugin | undefined {
    return [...this.#builtIns, ...this.#others].find(
      ({ description }) => description.error === null && namesOf(description).includes(name),
    );
  }

  /** @throws {MillraceError} PLUGIN_UNKNOWN, PLUGIN_INVALID */
  find(kind: StageKind, name: string): PluginReference {
    const found = this.named(name);
    if (found === undefined) throw this.#unknown(kind, name);
    const { description, module } = found;
    if (description.kind !== kind) throw new MillraceError('PLUGIN_UNKNOWN', `${name} is no ${kind}: it is a ${description.kind}`);
    const { exportName, origin, isBuiltIn } = description;
    return { name: description.name, kind, module: module!, exportName, origin, isBuiltIn };
  }

  #unknown(kind: StageKind, name: string): MillraceError {
    const broken = [...this.#builtIns, ...this.#others].find(({ description }) => namesOf(description).includes(name))?.description.error;
    if (broken !== undefined) return new MillraceError('PLUGIN_INVALID', `the plugin ${name} cannot be used: ${broken}`);
    const names = this.list().filter((plugin) => plugin.kind === kind && plugin.error === null);
    const near = nearest(name, names.flatMap(namesOf));
    const hint = near === undefined ? 'SHOW PIPEPLUGINS lists them' : `did you mean ${near}?`;
    return new MillraceError('PLUGIN_UNKNOWN', `there is no ${kind} ${name}`, { hint, details: { kind, name } });
  }
}

function namesOf({ name, aliases }: Pick<PluginDescription, 'name' | 'aliases'>): string[] {
  return [name, ...aliases];
}

/** A plugin of a package, under its own name or the one that a statement has given it. */
export function registered(
  described: ExportDescription,
  where: { readonly packageFile: string | null; readonly origin: string; readonly module: string },
  given?: string,
): RegisteredPlugin {
  const { packageFile, origin, module } = where;
  const names = given === undefined ? {} : { name: given, aliases: [] };
  return { description: { ...described, ...names, packageFile, origin, error: null, isBuiltIn: packageFile === null }, module };
}

/** A package, or a plugin of it, that cannot be used. */
export function broken(name: string, exportName: string, packageFile: string | null, error: string): RegisteredPlugin {
  const description: PluginDescription = {
    name,
    aliases: [],
    kind: null,
    exportName,
    packageFile,
    origin: packageFile ?? 'built in',
    summary: '',
    attributes: {},
    error,
    isBuiltIn: packageFile === null,
  };
  return { description, module: null };
}
