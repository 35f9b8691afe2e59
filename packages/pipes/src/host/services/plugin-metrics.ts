import type { StageKind } from '@millrace/sdk';
import type { PluginMetric } from '../stage-environment.ts';

type StageLabels = Pick<PluginMetric, 'pipe' | 'plugin'> & { readonly stage: StageKind };

const legalName = /^[a-z][a-z0-9_]*$/;
/** Of one stage. Who makes names of values would never end. */
const maxNames = 100;

/** Figures of the plugins of one thread. What has changed is told to others by {@link PluginMetrics.takeChanged}. */
export class PluginMetrics {
  readonly #metrics = new Map<string, PluginMetric>();
  readonly #changed = new Set<string>();
  /** How many figures each stage has. */
  readonly #counts = new Map<string, number>();

  /** @throws {TypeError} for a name that Prometheus would not take, and for a number that is none */
  count(stage: StageLabels, name: string, by: number): void {
    if (!(by >= 0 && by < Infinity)) throw new TypeError(`the counter ${name} cannot be counted up by ${by}: it is a number from 0 on`);
    this.#set(stage, name, 'counter', (value) => value + by);
  }

  gauge(stage: StageLabels, name: string, value: number): void {
    if (typeof value !== 'number') throw new TypeError(`the gauge ${name} is a number, not ${String(value)}`);
    this.#set(stage, name, 'gauge', () => value);
  }

  /** Takes figures over that another thread has told. @throws {TypeError} for what is none: code of users may have sent it */
  put(metrics: readonly PluginMetric[]): void {
    for (const { pipe, stage, plugin, name, kind, value } of metrics) {
      const isLegal = legalName.test(name) && (kind === 'counter' || kind === 'gauge') && typeof value === 'number';
      if (!isLegal || [pipe, stage, plugin].some((label) => typeof label !== 'string')) throw new TypeError('a figure of a plugin is none');
      const key = keyOf({ pipe, stage, plugin }, name);
      if (!this.#metrics.has(key)) this.#countIn({ pipe, stage, plugin }, name);
      this.#metrics.set(key, { pipe, stage, plugin, name, kind, value });
    }
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

  #countIn(stage: StageLabels, name: string): void {
    const key = keyOf(stage, '');
    const count = (this.#counts.get(key) ?? 0) + 1;
    if (count > maxNames) throw new RangeError(`with ${name} the stage has more than ${maxNames} figures`);
    this.#counts.set(key, count);
  }

  #set(stage: StageLabels, name: string, kind: PluginMetric['kind'], next: (value: number) => number): void {
    if (typeof name !== 'string' || !legalName.test(name)) {
      throw new TypeError(`the name of a figure is lower case letters, digits and _, not ${String(name)}`);
    }
    const key = keyOf(stage, name);
    const known = this.#metrics.get(key);
    if (known === undefined) this.#countIn(stage, name);
    if (known !== undefined && known.kind !== kind) throw new TypeError(`${name} is a ${known.kind}, and cannot be a ${kind} too`);
    this.#metrics.set(key, { pipe: stage.pipe, stage: stage.stage, plugin: stage.plugin, name, kind, value: next(known?.value ?? 0) });
    this.#changed.add(key);
  }
}

function keyOf({ pipe, stage, plugin }: StageLabels, name: string): string {
  return JSON.stringify([pipe, stage, plugin, name]);
}
