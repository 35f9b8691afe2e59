import 'reflect-metadata';
import type { Clock, Logger, Random } from '@millrace/core';
import {
  Clock as ClockToken,
  Logger as LoggerToken,
  Metrics,
  type ServiceToken,
  Settings,
  Sql,
  type StageKind,
  type StreamDescription,
  Streams,
  Topics,
} from '@millrace/sdk';
import { container, type DependencyContainer } from 'tsyringe';
import type { StageEnvironment } from '../stage-environment.ts';
import type { PluginMetrics } from './plugin-metrics.ts';
import { clockService, loggerService, metricsService, settingsService, streamsService } from './stage-services.ts';

/** What the services of a thread are made of. */
export interface ServiceSources {
  readonly environment: StageEnvironment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly metrics: PluginMetrics;
  readonly streams: () => readonly StreamDescription[];
}

/** Whose services they are. */
export interface StageLabels {
  readonly pipe: string;
  readonly stage: StageKind;
  readonly plugin: string;
}

/** The services of a thread, as plugins ask for them by token; each stage has a child with what is its own. */
export class StageContainer {
  readonly #container: DependencyContainer = container.createChildContainer();
  readonly #sources: ServiceSources;
  readonly #large: ReadonlyMap<symbol, () => Promise<unknown>>;

  constructor(sources: ServiceSources) {
    this.#sources = sources;
    const { clock, environment, streams } = sources;
    this.#large = largeServices(sources);
    this.#container.register(symbolOf(ClockToken), { useValue: clockService(clock) });
    this.#container.register(symbolOf(Streams), { useValue: streamsService(streams) });
    this.#container.register(symbolOf(Settings), { useValue: settingsService(environment.settings) });
  }

  /** A function that resolves what a stage injects. @throws {Error} for a service that there is none of */
  async forStage(labels: StageLabels, tokens: readonly ServiceToken<unknown>[]): Promise<(token: ServiceToken<unknown>) => unknown> {
    for (const { symbol } of tokens) await this.#load(symbol);
    const child = this.#container.createChildContainer();
    child.register(symbolOf(LoggerToken), { useValue: loggerService(this.#sources.logger, labels) });
    child.register(symbolOf(Metrics), { useValue: metricsService(this.#sources.metrics, labels) });
    return (token) => {
      if (!child.isRegistered(token.symbol, true)) throw new Error(`the host has no service ${String(token.symbol)}`);
      return child.resolve(token.symbol);
    };
  }

  async #load(symbol: symbol): Promise<void> {
    const load = this.#large.get(symbol);
    if (load === undefined || this.#container.isRegistered(symbol)) return;
    const useValue = await load();
    if (!this.#container.isRegistered(symbol)) this.#container.register(symbol, { useValue });
  }
}

/** Services with much behind them: a worker whose plugins ask for none of them starts quicker, and is smaller. */
function largeServices({ environment, clock, logger, random }: ServiceSources): ReadonlyMap<symbol, () => Promise<unknown>> {
  return new Map<symbol, () => Promise<unknown>>([
    [Sql.symbol, async () => (await import('./sql-service.ts')).sqlService({ clock, random, timezone: environment.timezone })],
    [Topics.symbol, async () => (await import('./topics-service.ts')).topicsService(environment.cluster, { clock, logger, random })],
  ]);
}

function symbolOf(token: ServiceToken<unknown>): symbol {
  return token.symbol;
}
