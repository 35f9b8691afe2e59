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
import { sqlService } from './sql-service.ts';
import { clockService, loggerService, metricsService, settingsService, streamsService } from './stage-services.ts';
import { topicsService } from './topics-service.ts';

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

  constructor(sources: ServiceSources) {
    this.#sources = sources;
    const { clock, logger, random, environment, streams } = sources;
    const kernels = { clock, random, timezone: environment.timezone };
    this.#container.register(symbolOf(ClockToken), { useValue: clockService(clock) });
    this.#container.register(symbolOf(Streams), { useValue: streamsService(streams) });
    this.#container.register(symbolOf(Settings), { useValue: settingsService(environment.settings) });
    this.#container.register(symbolOf(Sql), { useFactory: () => sqlService(kernels) });
    this.#container.register(symbolOf(Topics), { useFactory: () => topicsService(environment.cluster, { clock, logger, random }) });
  }

  /** A function that resolves what a stage injects. @throws {Error} for a service that there is none of */
  forStage(labels: StageLabels): (token: ServiceToken<unknown>) => unknown {
    const child = this.#container.createChildContainer();
    child.register(symbolOf(LoggerToken), { useValue: loggerService(this.#sources.logger, labels) });
    child.register(symbolOf(Metrics), { useValue: metricsService(this.#sources.metrics, labels) });
    return (token) => {
      if (!child.isRegistered(token.symbol, true)) throw new Error(`the host has no service ${String(token.symbol)}`);
      return child.resolve(token.symbol);
    };
  }
}

function symbolOf(token: ServiceToken<unknown>): symbol {
  return token.symbol;
}
