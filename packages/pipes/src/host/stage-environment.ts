import type { ClusterOptions } from '@millrace/kafka-client';

/** What services of plugins know of the server: plain data. */
export interface StageEnvironment {
  /** Stands where times name no zone. */
  readonly timezone: string;
  /** Name of this deployment: what it writes through pipes bears it, so that loops are noticed. */
  readonly deployment: string;
  /** Where {@link Topics} write without a cluster of their own. */
  readonly cluster: ClusterOptions;
  /** What {@link Settings} answer. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Bounds for plugins of users. */
  readonly limits: PluginLimits;
}

/** Bounds for plugins of users. */
export interface PluginLimits {
  /** Longest time of one call of a hook, milliseconds. */
  readonly timeoutMs: number;
  /** Heap of the worker of a package, MiB. */
  readonly memoryMb: number;
}

/** A figure of a plugin, as `/metrics` shows it. */
export interface PluginMetric {
  readonly pipe: string;
  readonly stage: 'extractor' | 'processor' | 'connector';
  readonly plugin: string;
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
}
