import type { Clock, Logger, Random } from '@millrace/core';
import type { StageKind, StreamDescription } from '@millrace/sdk';
import type { PluginReference, StageRequest } from '../stage/stage.ts';
import type { InstalledPlugin, InstallRequest, PluginDescription } from './plugin-description.ts';
import type { PluginMetric, StageEnvironment, StageLink } from './stage-environment.ts';

export interface PluginHostOptions {
  /** `pipe_lib_dir`: made if it is not there. */
  readonly libraryDirectory: string;
  /** URLs of the modules of built-in plugins. */
  readonly builtIns: readonly string[];
  /** What the catalog knows of CREATE PIPEPLUGIN. */
  readonly installed: readonly InstalledPlugin[];
  readonly environment: StageEnvironment;
  /** `trusted_uri_pattern`: a regular expression that the URIs of CREATE PIPEPLUGIN must match as a whole; default: files, and names in the library directory. */
  readonly trustedUriPattern?: RegExp;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

/** All plugins of a server: found, verified, described, installed. Runs plugins of users in workers. */
export interface PluginHost {
  /** Built-in ones first, then by name; broken packages with their error. */
  list(): readonly PluginDescription[];
  /** @throws {MillraceError} PLUGIN_UNKNOWN with the nearest name, PLUGIN_INVALID if it cannot be used */
  find(kind: StageKind, name: string): PluginReference;
  /** Reads the attributes. @throws {MillraceError} PIPE_ATTRIBUTES_INVALID with every problem */
  check(request: StageRequest): Promise<void>;
  /** The handshake of CREATE PIPE: opens the connector and closes it. @throws {MillraceError} PLUGIN_FAILED */
  connect(request: StageRequest): Promise<void>;
  /**
   * Copies a package into the library directory and loads it.
   * @param replace newer code for a plugin that is there: pipes take it between two events
   * @throws {MillraceError} PLUGIN_EXISTS, PLUGIN_INVALID, PLUGIN_URI_REFUSED, PLUGIN_UNAVAILABLE
   */
  install(request: InstallRequest, replace: boolean): Promise<InstalledPlugin>;
  /** Forgets a plugin that was installed, and removes its package if no other is of it. @throws {MillraceError} PLUGIN_UNKNOWN, PLUGIN_BUILT_IN */
  uninstall(name: string): Promise<void>;
  /** For one thread of pipes. */
  attach(): StageLink;
  /** What plugins see of the catalog from now on. */
  setStreams(streams: readonly StreamDescription[]): void;
  /** Figures of all plugins. */
  metrics(): readonly PluginMetric[];
  close(): Promise<void>;
}
