import type { MessagePort } from 'node:worker_threads';
import { type Clock, type Logger, MillraceError, type Random } from '@millrace/core';
import type { StageKind, StreamDescription, StreamSelection } from '@millrace/sdk';
import type { PluginReference, StageRequest } from '../stage/stage.ts';
import { describeModule } from './describe-module.ts';
import { outliveForeignRejections } from './foreign-rejections.ts';
import { type HostedStages, openStages } from './hosted-stages.ts';
import { importModule } from './load-definition.ts';
import { PackageWorkers } from './package-workers.ts';
import { type PackageNetwork, systemNetwork } from './packages/fetch-package.ts';
import { type LibraryPackage, PackageLibrary } from './packages/package-library.ts';
import { parsePackageUri } from './packages/package-uri.ts';
import type { ExportDescription, InstalledPlugin, InstallRequest, PluginDescription } from './plugin-description.ts';
import { broken, PluginRegistry, type RegisteredPlugin, registered } from './plugin-registry.ts';
import { PluginThreads } from './plugin-threads.ts';
import { PluginMetrics } from './services/plugin-metrics.ts';
import type { PluginMetric, StageEnvironment } from './stage-environment.ts';
import { messageOf } from './stages/hook-failure.ts';

export interface PluginHostOptions {
  /** `pipe_lib_dir`: made if it is not there. */
  readonly libraryDirectory: string;
  /** URLs of the modules of built-in plugins. */
  readonly builtIns: readonly string[];
  /** What the catalog knows of CREATE PIPEPLUGIN. */
  readonly installed: readonly InstalledPlugin[];
  readonly environment: StageEnvironment;
  /** `trusted_uri_pattern`: what the URIs of CREATE PIPEPLUGIN must match as a whole; default: files, and names in the library directory. */
  readonly trustedUriPattern?: RegExp;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  /** The machine's by default. */
  readonly network?: PackageNetwork;
}

/** A package of the library and what it exports; or why it cannot be used. */
type Loaded =
  | { readonly ok: true; readonly package: LibraryPackage; readonly exports: readonly ExportDescription[] }
  | { readonly ok: false; readonly error: string };

/** All plugins of a server: found, verified, described, installed. Runs plugins of users in workers. */
export class PluginHost {
  readonly #letRejectionsEnd: () => void;
  /** Stages of the main thread: for handshakes, and for pipes where there are no threads. */
  readonly stages: HostedStages;
  readonly #options: PluginHostOptions;
  readonly #library: PackageLibrary;
  readonly #registry: PluginRegistry;
  readonly #workers: PackageWorkers;
  readonly #threads: PluginThreads;
  readonly #metrics: PluginMetrics;
  readonly #loaded = new Map<string, Loaded>();
  readonly #installed = new Map<string, InstalledPlugin>();
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(
    options: PluginHostOptions,
    parts: {
      readonly registry: PluginRegistry;
      readonly workers: PackageWorkers;
      readonly threads: PluginThreads;
      readonly stages: HostedStages;
      readonly metrics: PluginMetrics;
    },
  ) {
    this.#options = options;
    this.#library = new PackageLibrary(options.libraryDirectory, options.network ?? systemNetwork, options.random);
    this.#registry = parts.registry;
    this.#workers = parts.workers;
    this.#threads = parts.threads;
    this.#metrics = parts.metrics;
    this.stages = parts.stages;
    this.#letRejectionsEnd = outliveForeignRejections(options.logger);
    for (const plugin of options.installed) this.#installed.set(plugin.name, plugin);
  }

  /** Describes what is built in and what stands in the library. A package that is broken blocks nothing: it is listed with its error. */
  static async open(options: PluginHostOptions): Promise<PluginHost> {
    const { environment, clock, logger, random } = options;
    const metrics = new PluginMetrics();
    const onMetrics = (changed: readonly PluginMetric[]) => metrics.put(changed);
    const registry = new PluginRegistry(await describeBuiltIns(options.builtIns));
    const workers = new PackageWorkers({ environment, clock, logger, onMetrics });
    const threads = new PluginThreads({ environment, logger, onMetrics, serve: (...given) => host.#serve(...given) });
    const stages = await openStages(threads.connect(), { clock, random });
    const host: PluginHost = new PluginHost(options, { registry, workers, threads, stages, metrics });
    await host.#loadLibrary();
    return host;
  }

  /** Built-in ones first, then by name; broken packages with their error. */
  list(): readonly PluginDescription[] {
    return this.#registry.list();
  }

  /** @throws {MillraceError} PLUGIN_UNKNOWN with the nearest name, PLUGIN_INVALID if it cannot be used */
  find(kind: StageKind, name: string): PluginReference {
    return this.#registry.find(kind, name);
  }

  /** Reads the attributes. @throws {MillraceError} PIPE_ATTRIBUTES_INVALID with every problem */
  check(request: StageRequest): Promise<void> {
    return this.stages.check(request);
  }

  /** What an extractor of streams is to read; null = it has a source of its own. */
  select(request: StageRequest): Promise<StreamSelection | null> {
    return this.stages.select(request);
  }

  /** The handshake of CREATE PIPE: opens the connector, or the processor, and closes it. @throws {MillraceError} PLUGIN_FAILED */
  async handshake(request: StageRequest): Promise<void> {
    const { signal } = new AbortController();
    const isProcessor = request.kind === 'processor';
    const stage = await (isProcessor ? this.stages.openProcessor(request, signal) : this.stages.openConnector(request, signal));
    await stage.close();
  }

  /** For one thread of pipes: it imports the module, whose `openStages` takes the port. */
  connect(): { readonly module: string; readonly port: MessagePort } {
    const module = new URL(import.meta.url.endsWith('.ts') ? './hosted-stages.ts' : './hosted-stages.js', import.meta.url);
    return { module: module.href, port: this.#threads.connect() };
  }

  /** What plugins see of the catalog from now on. */
  setStreams(streams: readonly StreamDescription[]): void {
    this.#threads.setStreams(streams);
    this.#workers.setStreams(streams);
  }

  /** Figures of all plugins. */
  metrics(): readonly PluginMetric[] {
    return this.#metrics.list();
  }

  /**
   * Copies a package into the library directory and loads it.
   * @param replace newer code for a plugin that is there: pipes take it between two events
   * @throws {MillraceError} PLUGIN_EXISTS, PLUGIN_BUILT_IN, PLUGIN_INVALID, PLUGIN_URI_REFUSED, PLUGIN_UNAVAILABLE
   */
  install(request: InstallRequest, replace: boolean): Promise<InstalledPlugin> {
    return this.#change(() => this.#install(request, replace));
  }

  /**
   * Forgets a plugin that was installed, and removes its package if no other is of it.
   * @throws {MillraceError} PLUGIN_UNKNOWN, PLUGIN_BUILT_IN
   */
  uninstall(name: string): Promise<void> {
    return this.#change(() => this.#uninstall(name));
  }

  async close(): Promise<void> {
    await this.#changes.catch(() => {});
    await this.stages.close();
    this.#threads.close();
    await this.#workers.close();
    this.#letRejectionsEnd();
  }

  /** One change at a time. */
  #change<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(change, change);
    this.#changes = done.catch(() => {});
    return done;
  }

  async #install({ name, exportName, uri }: InstallRequest, replace: boolean): Promise<InstalledPlugin> {
    const source = parsePackageUri(uri, this.#options.trustedUriPattern);
    this.#checkName(name, replace);
    const before = this.#installed.get(name);
    const found = await this.#library.put(source);
    const loaded = await this.#loadPackage(found);
    try {
      if (!loaded.ok) throw new MillraceError('PLUGIN_INVALID', `the package cannot be used: ${loaded.error}`);
      const { exportName: exported } = exportOf(loaded.exports, exportName);
      const plugin: InstalledPlugin = { name, exportName: exported, packageFile: found.fileName, uri, sha256: found.sha256 };
      this.#loaded.set(found.fileName, loaded);
      this.#installed.set(name, plugin);
      if (before !== undefined) await this.#dropPackage(before);
      this.#register();
      return plugin;
    } catch (error) {
      const isUsed = this.#loaded.has(found.fileName) || source.kind === 'library';
      if (!isUsed) await this.#library.remove(found.fileName, found.sha256);
      this.#register();
      throw error;
    }
  }

  #checkName(name: string, replace: boolean): void {
    const known = this.#registry.named(name)?.description;
    if (known?.isBuiltIn) throw new MillraceError('PLUGIN_BUILT_IN', `${name} is the name of a built-in plugin`);
    if (!replace && (known !== undefined || this.#installed.has(name))) {
      throw new MillraceError('PLUGIN_EXISTS', `there is a plugin ${name} already`, {
        hint: 'CREATE OR REPLACE PIPEPLUGIN, or `millrace pipeplugin install --replace`, takes newer code',
      });
    }
  }

  async #uninstall(name: string): Promise<void> {
    const plugin = this.#installed.get(name);
    if (plugin === undefined) throw this.#notInstalled(name);
    this.#installed.delete(name);
    await this.#dropPackage(plugin);
    this.#register();
  }

  #notInstalled(name: string): MillraceError {
    const known = this.#registry.named(name)?.description;
    if (known === undefined)
      return new MillraceError('PLUGIN_UNKNOWN', `there is no plugin ${name}`, { hint: 'SHOW PIPEPLUGINS lists them' });
    if (known.isBuiltIn) return new MillraceError('PLUGIN_BUILT_IN', `${name} is built in: it cannot be dropped`);
    const hint = `remove ${known.packageFile} there`;
    return new MillraceError('PLUGIN_UNKNOWN', `CREATE PIPEPLUGIN has not made ${name}: it stands in the library directory`, { hint });
  }

  /** Removes the package of a plugin that is not there any more, unless another one is of it or it was not brought here by a statement. */
  async #dropPackage({ packageFile, sha256, uri }: InstalledPlugin): Promise<void> {
    const isUsed = [...this.#installed.values()].some((plugin) => plugin.packageFile === packageFile);
    if (isUsed || uri === packageFile) return;
    this.#loaded.delete(packageFile);
    await this.#library.remove(packageFile, sha256);
  }

  async #loadLibrary(): Promise<void> {
    const names = [...new Set([...this.#library.list(), ...[...this.#installed.values()].map(({ packageFile }) => packageFile)])];
    // Each is described in a worker of its own: more at once than processors would only make all of them late.
    const next = names.values();
    const loadNext = async () => {
      for (const name of next) this.#loaded.set(name, await this.#loadFile(name));
    };
    await Promise.all([loadNext(), loadNext()]);
    this.#register();
  }

  async #loadFile(fileName: string): Promise<Loaded> {
    try {
      return await this.#loadPackage(await this.#library.read(fileName));
    } catch (error) {
      return { ok: false, error: messageOf(error) };
    }
  }

  async #loadPackage(found: LibraryPackage): Promise<Loaded> {
    try {
      const exports = await this.#workers.describe(keyOf(found.module, originOf(found)), originOf(found), found.module);
      return exports.length === 0 ? { ok: false, error: 'its module exports no plugin' } : { ok: true, package: found, exports };
    } catch (error) {
      return { ok: false, error: messageOf(error) };
    }
  }

  /** Puts everything that is loaded under its names, and lets go of workers whose code is not the one that is meant now. */
  #register(): void {
    const installed = [...this.#installed.values()];
    const files = new Set(installed.map(({ packageFile }) => packageFile));
    const found = [...this.#loaded]
      .filter(([fileName]) => !files.has(fileName))
      .flatMap(([fileName, loaded]) => discovered(fileName, loaded));
    this.#registry.setOthers([...installed.map((plugin) => this.#installedPlugin(plugin)), ...found]);
    const packages = [...this.#loaded.values()].flatMap((loaded) =>
      loaded.ok ? [keyOf(loaded.package.module, originOf(loaded.package))] : [],
    );
    this.#workers.keepOnly(new Set(packages));
  }

  #installedPlugin({ name, exportName, packageFile, sha256 }: InstalledPlugin): RegisteredPlugin {
    const loaded = this.#loaded.get(packageFile);
    if (loaded?.ok !== true) return broken(name, exportName, packageFile, loaded?.error ?? `${packageFile} is not there`);
    if (loaded.package.sha256 !== sha256) {
      const error = `${packageFile} has changed since it was installed: its SHA-256 is ${loaded.package.sha256}, not ${sha256}`;
      return broken(name, exportName, packageFile, error);
    }
    const described = loaded.exports.find((each) => each.exportName === exportName);
    if (described === undefined) return broken(name, exportName, packageFile, `its module exports no plugin as ${exportName}`);
    return registered(described, whereOf(loaded.package), name);
  }

  #serve(
    plugin: PluginReference,
    stage: number,
    port: MessagePort,
    pipe: string,
    onEnd: Parameters<PackageWorkers['serve']>[5],
  ): PluginReference {
    // The name counts: what it stands for may have been replaced since the pipe was started.
    const now = this.find(plugin.kind, plugin.name);
    this.#workers.serve(keyOf(now.module, now.origin), now.origin, stage, port, pipe, onEnd);
    return now;
  }
}

async function describeBuiltIns(urls: readonly string[]): Promise<RegisteredPlugin[]> {
  return (await Promise.all(urls.map(describeBuiltIn))).flat();
}

/** One that cannot be loaded, as where a native part of it is missing, blocks nothing else either. */
async function describeBuiltIn(module: string): Promise<RegisteredPlugin[]> {
  try {
    return describeModule(await importModule(module)).map((each) => registered(each, { packageFile: null, origin: 'built in', module }));
  } catch (error) {
    const name = /([^/]+)\/[^/]+\/[^/]+$/.exec(module)?.[1] ?? module;
    return [broken(name, 'default', null, messageOf(error))];
  }
}

/** The export that a statement names: as the module does, or as the plugin calls itself. @throws {MillraceError} PLUGIN_INVALID */
function exportOf(exports: readonly ExportDescription[], name: string): ExportDescription {
  const found =
    exports.find(({ exportName }) => exportName === name) ?? exports.find((each) => each.name === name || each.aliases.includes(name));
  if (found !== undefined) return found;
  const names = exports.map(({ exportName }) => exportName).join(', ');
  throw new MillraceError('PLUGIN_INVALID', `the package exports no plugin as ${name}: it exports ${names}`);
}

function discovered(fileName: string, loaded: Loaded): RegisteredPlugin[] {
  if (!loaded.ok) return [broken(fileName, '', fileName, loaded.error)];
  return loaded.exports.map((each) => registered(each, whereOf(loaded.package)));
}

function whereOf(found: LibraryPackage) {
  return { packageFile: found.fileName, origin: originOf(found), module: found.module };
}

function originOf({ name, version, sha256 }: LibraryPackage): string {
  return `${name}@${version} (${sha256.slice(0, 8)})`;
}

/** Tells packages and their versions apart. */
function keyOf(module: string, origin: string): string {
  return `${origin} ${module}`;
}
