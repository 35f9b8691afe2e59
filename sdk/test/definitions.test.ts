import { describe, expect, it } from 'vitest';
import {
  a,
  Clock,
  defineConnector,
  defineExtractor,
  defineProcessor,
  inject,
  isPluginDefinition,
  Logger,
  type NextContext,
  type Row,
  type RowsEvent,
  type TransferContext,
} from '../src/index.ts';

const none = a.object({});
const base = { name: 'some-plugin', summary: 'Some plugin.', attributes: none };

/** What a host gives to `open`. */
const opening = { attributes: {}, pipe: 'p', signal: new AbortController().signal };

describe('a definition', () => {
  it('is known among the exports of a module, by every copy of the SDK', () => {
    const definition = defineProcessor({ ...base, filter: () => true });
    expect(isPluginDefinition(definition)).toBe(true);
    expect(Reflect.get(definition, Symbol.for('millrace.plugin'))).toBe(1);
    for (const other of [undefined, null, 1, {}, () => {}, base]) expect(isPluginDefinition(other)).toBe(false);
  });

  it('cannot be changed', () => {
    expect(Object.isFrozen(defineConnector({ ...base, transfer: () => {} }))).toBe(true);
  });

  it('without open gives the context to its hooks', async () => {
    const definition = defineConnector({ ...base, inject: { log: Logger }, transfer: () => {} });
    expect(await definition.open({ ...opening, log: console } as never)).toMatchObject({ log: console, pipe: 'p' });
  });

  it.each([
    ['a name with capitals', () => defineProcessor({ ...base, name: 'Upper', filter: () => true }), "the name 'Upper' of a processor"],
    ['an alias with a blank', () => defineConnector({ ...base, aliases: ['a b'], transfer: () => {} }), "the name 'a b' of a connector"],
    [
      'no hook that works',
      () => defineProcessor({ ...base }),
      'exactly one of the hooks map, filter, flatMap, process, processBatch: it has none',
    ],
    ['two of them', () => defineProcessor({ ...base, filter: () => true, map: (row) => row }), 'it has map and filter'],
    ['no transfer', () => defineConnector({ ...base } as never), "connector 'some-plugin' has no hook 'transfer'"],
    ['no source', () => defineExtractor({ ...base }), 'exactly one of the hooks select, next: it has none'],
    ['no attributes', () => defineExtractor({ name: 'x', summary: '' } as never), "extractor 'x' has no attributes"],
    [
      'a taken name',
      () => defineProcessor({ ...base, inject: { pipe: Logger }, filter: () => true }),
      "injects 'pipe', a name that is taken",
    ],
  ])('is refused with %s', (_, define, message) => {
    expect(define).toThrow(TypeError);
    expect(define).toThrow(message);
  });
});

describe('a class', () => {
  const calls: string[] = [];

  class Recorder {
    static readonly inject = [Logger, Clock];
    readonly services: readonly unknown[];
    constructor(log: Logger, clock: Clock) {
      this.services = [log, clock];
    }
    validate() {
      calls.push('validate');
    }
    customize(_attributes: object, { pipe }: { pipe: string }) {
      calls.push(`customize ${pipe}`);
    }
    handshake() {
      calls.push('handshake');
    }
    heartbeat() {
      calls.push('heartbeat');
    }
    transfer(event: RowsEvent, _context: TransferContext) {
      calls.push(`transfer ${event.rowCount}`);
    }
    close() {
      calls.push('close');
    }
  }

  it('becomes a connector whose hooks are its methods, in the order of their lives', async () => {
    calls.length = 0;
    const definition = defineConnector({ ...base, useClass: Recorder });
    const services = Object.fromEntries(Object.keys(definition.inject ?? {}).map((name, index) => [name, ['log', 'clock'][index]]));
    const instance = await definition.open({ ...opening, ...services } as never);
    expect((instance as Recorder).services).toEqual(['log', 'clock']);
    await definition.heartbeat?.(instance);
    await definition.transfer(instance, { rowCount: 2 } as never, {} as never);
    await definition.close?.(instance);
    expect(calls).toEqual(['validate', 'customize p', 'handshake', 'heartbeat', 'transfer 2', 'close']);
    expect(definition.delete).toBeUndefined();
  });

  it('whose handshake fails is closed', async () => {
    calls.length = 0;
    class Unreachable extends Recorder {
      override handshake() {
        throw new Error('nobody there');
      }
      override close() {
        super.close();
        throw new Error('was never open');
      }
    }
    const definition = defineConnector({ ...base, useClass: Unreachable });
    await expect(definition.open({ ...opening, 0: 1, 1: 2 } as never)).rejects.toThrow('nobody there');
    expect(calls).toEqual(['validate', 'customize p', 'close']);
  });

  it('becomes a processor with the hook that it has as a method', () => {
    class Keeps {
      filter(row: Row) {
        return row['v'] === 1;
      }
    }
    const definition = defineProcessor({ ...base, useClass: Keeps });
    expect(definition.filter?.({ v: 1 }, new Keeps(), {} as never)).toBe(true);
    expect([definition.map, definition.process]).toEqual([undefined, undefined]);
  });

  it('becomes an extractor that starts at the position it had', async () => {
    class Counter {
      #at = 0;
      start(position: unknown) {
        this.#at = Number(position ?? 0);
      }
      supply(_context: NextContext) {
        this.#at++;
        return Promise.resolve({ stream: 's', columns: [], rows: [], position: this.#at });
      }
    }
    const definition = defineExtractor({ ...base, useClass: Counter });
    const instance = await definition.open({ ...opening, position: 41 } as never);
    expect(await definition.next?.(instance, opening)).toMatchObject({ position: 42 });
  });

  it('that takes more services than it names is refused', () => {
    class Forgetful {
      constructor(readonly: Logger) {
        void readonly;
      }
      filter() {
        return true;
      }
    }
    expect(() => defineProcessor({ ...base, useClass: Forgetful })).toThrow(
      'the constructor of Forgetful takes 1 services, but inject names 0',
    );
  });

  it('names its services by decorators where it is compiled', () => {
    class Decorated extends Recorder {}
    // As the compiler applies them: from the last parameter to the first.
    inject(Clock)(Decorated as never, undefined, 1);
    inject(Logger)(Decorated as never, undefined, 0);
    expect(Decorated.inject).toEqual([Logger, Clock]);
    expect(Object.hasOwn(Decorated, 'inject')).toBe(true);
    expect(Recorder.inject).toEqual([Logger, Clock]);
  });
});
