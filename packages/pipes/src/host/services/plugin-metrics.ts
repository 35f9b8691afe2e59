import type { StageKind } from '@millrace/sdk';
import type { PluginMetric } from '../stage-environment.ts';

type StageLabels = Pick<PluginMetric, 'pipe' | 'plugin'> & { readonly stage: StageKind };

const legalName = /^[a-z][a-z0-9_]*$/;
/** Who makes names of values would never end. */
const maxMetrics = 1000;

/** Figures of the plugins of one thread. What has changed is told to others by {@link PluginMetrics.takeChanged}. */
export class PluginMetrics {
  readonly #metrics = new Map<string, PluginMetric>();
  readonly #changed = new Set<string>();

  /** @throws {TypeError} for a name that Prometheus would not take, and for a number that is none */
  count(stage: StageLabels, name: string, by: number): void {
    if (!(by >= 0)) throw new TypeError(`the counter ${name} cannot be counted up by ${by}: it is a number from 0 on`);
    this.#set(stage, name, 'counter', (value) => value + by);
  }

  gauge(stage: StageLabels, name: string, value: number): void {
    if (typeof value !== 'number') throw new TypeError(`the gauge ${name} is a number, not ${String(value)}`);
    this.#set(stage, name, 'gauge', () => value);
  }

  /** Takes figures over that another thread has told. */
  put(metrics: readonly PluginMetric[]): void {
    for (const metric of metrics) this.#metrics.set(keyOf(metric, metric.name), metric);
  }

  list(): readonly PluginMetric[] {
    return [...this.#metrics.values()];
  }

  /** The figures that are new since the last call. */
  takeChanged(): readonly PluginMetric[] {
    const changed = [...this.#changed].map((key) => this.#metrics.get(key)!);
    this.#changed.clear();
    return changed;
  }

  #set(stage: StageLabels, name: string, kind: PluginMetric['kind'], next: (value: number) => number): void {
    if (typeof name !== 'string' || !legalName.test(name)) {
      throw new TypeError(`the name of a figure is lower case letters, digits and _, not ${String(name)}`);
    }
    const key = keyOf(stage, name);
    const known = this.#metrics.get(key);
    if (known === undefined && this.#metrics.size >= maxMetrics)
      throw new RangeError(`with ${name} there are more than ${maxMetrics} figures`);
    if (known !== undefined && known.kind !== kind) throw new TypeError(`${name} is a ${known.kind}, and cannot be a ${kind} too`);
    this.#metrics.set(key, { pipe: stage.pipe, stage: stage.stage, plugin: stage.plugin, name, kind, value: next(known?.value ?? 0) });
    this.#changed.add(key);
  }
}

function keyOf({ pipe, stage, plugin }: StageLabels, name: string): string {
  return JSON.stringify([pipe, stage, plugin, name]);
}
