import { type Clock, delay, type Logger } from '@millrace/core';
import type {
  Clock as SdkClock,
  Logger as SdkLogger,
  Metrics as SdkMetrics,
  Settings as SdkSettings,
  Streams as SdkStreams,
  StageKind,
  StreamDescription,
} from '@millrace/sdk';
import type { PluginMetrics } from './plugin-metrics.ts';

/** Time as plugins see it. */
export function clockService(clock: Clock): SdkClock {
  return Object.freeze({
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    delay: (ms: number, signal?: AbortSignal) => delay(clock, ms, signal),
  });
}

/** The server's log, with the stage on each line. */
export function loggerService(
  logger: Logger,
  stage: { readonly pipe: string; readonly stage: StageKind; readonly plugin: string },
): SdkLogger {
  const log = logger.child(stage);
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    log[level]({ ...fields }, String(message));
  return Object.freeze({ debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') });
}

/** Figures of one stage. */
export function metricsService(
  metrics: PluginMetrics,
  stage: { readonly pipe: string; readonly stage: StageKind; readonly plugin: string },
): SdkMetrics {
  return Object.freeze({
    count: (name: string, by = 1) => metrics.count(stage, name, by),
    gauge: (name: string, value: number) => metrics.gauge(stage, name, value),
  });
}

/** The catalog as it is now. */
export function streamsService(streams: () => readonly StreamDescription[]): SdkStreams {
  return Object.freeze({ list: () => streams(), get: (name: string) => streams().find((stream) => stream.name === name) });
}

/** Configuration that is meant for plugins. */
export function settingsService(settings: Readonly<Record<string, string | number>>): SdkSettings {
  return Object.freeze({
    get(name: string) {
      const value = Object.hasOwn(settings, name) ? settings[name] : undefined;
      if (value === undefined) throw new Error(`there is no setting ${name}: there are ${Object.keys(settings).sort().join(', ')}`);
      return value;
    },
  });
}
