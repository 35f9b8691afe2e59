import type { Injections, ServiceToken } from '../service-token.ts';
import {
  Clock,
  Logger,
  Metrics,
  Settings,
  type StreamDescription,
  Streams,
  type TopicRecord,
  Topics,
  type TopicWriter,
} from '../services.ts';
import { FakeClock } from './fake-clock.ts';

/** A service of a test's own, for a token. */
export interface Provided {
  readonly symbol: symbol;
  readonly service: unknown;
}

/** Gives a service to the plugin under test, in place of the default one. */
export function provide<T>(token: ServiceToken<T>, service: NoInfer<T>): Provided {
  return { symbol: token.symbol, service };
}

/** What a plugin has logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** Services that remember what was asked of them. */
export class TestServices {
  readonly clock = new FakeClock();
  readonly log: LogLine[] = [];
  /** Counters and gauges by name. */
  readonly metrics = new Map<string, number>();
  /** What was written, by topic. */
  readonly topics = new Map<string, TopicRecord[]>();
  readonly #bySymbol: ReadonlyMap<symbol, unknown>;

  constructor(
    provided: readonly Provided[] = [],
    streams: readonly StreamDescription[] = [],
    settings: Readonly<Record<string, string | number>> = {},
  ) {
    this.#bySymbol = new Map<symbol, unknown>([
      [Clock.symbol, this.clock],
      [Logger.symbol, this.#logger()],
      [Metrics.symbol, this.#metrics()],
      [Streams.symbol, { list: () => streams, get: (name: string) => streams.find((stream) => stream.name === name) }],
      [Settings.symbol, { get: (name: string) => required(settings[name], `there is no setting ${name}: give it as settings`) }],
      [Topics.symbol, { connect: () => Promise.resolve(this.#writer()) }],
      ...provided.map(({ symbol, service }) => [symbol, service] as const),
    ]);
  }

  /** @throws {Error} for a token without a service */
  resolve(inject: Injections): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(inject).map(([name, { symbol }]) => [
        name,
        required(this.#bySymbol.get(symbol), `the test provides nothing for ${name} (${String(symbol)}): provide(token, service)`),
      ]),
    );
  }

  /** Writes into {@link topics}; also what a transactional connector is given. */
  #writer(): TopicWriter {
    return {
      send: (topic, records) => {
        this.topics.set(topic, [...(this.topics.get(topic) ?? []), ...records]);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  }

  transaction(): TopicWriter {
    return this.#writer();
  }

  #logger(): Logger {
    const at = (level: LogLine['level']) => (fields: object, message: string) => void this.log.push({ level, fields, message });
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  #metrics(): Metrics {
    return {
      count: (name, by = 1) => void this.metrics.set(name, (this.metrics.get(name) ?? 0) + by),
      gauge: (name, value) => void this.metrics.set(name, value),
    };
  }
}

function required<T>(found: T | undefined, message: string): T {
  if (found === undefined) throw new Error(message);
  return found;
}
