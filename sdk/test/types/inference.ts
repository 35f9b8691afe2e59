/**
 * What the type checker says of author code: `tsc -p tsconfig.test.json` fails where a line below is accepted that should not be, or the other
 * way round. Nothing here is run.
 */
import {
  a,
  Clock,
  type Column,
  type ConnectorDefinition,
  defineConnector,
  defineExtractor,
  defineProcessor,
  Logger,
  Metrics,
  type PluginDefinition,
  type ProcessContext,
  type Row,
  type RowsEvent,
} from '@millrace/sdk';

type Same<X, Y> = (<T>() => T extends X ? 1 : 2) extends <T>() => T extends Y ? 1 : 2 ? true : false;
function same<X, Y>(_: Same<X, Y>): void {}

class Client {
  readonly url: URL;
  constructor(url: URL) {
    this.url = url;
  }
  send(_rows: readonly Row[]): Promise<void> {
    return Promise.resolve();
  }
}

const webhook = defineConnector({
  name: 'webhook-connector',
  summary: 'Posts each batch.',
  attributes: a.object({
    url: a.url(),
    token: a.secret().optional(),
    mode: a.choice('fast', 'safe').default('safe'),
    hosts: a.list(a.string()),
    'batch.max-delay': a.duration().default('20ms'),
  }),
  inject: { log: Logger, metrics: Metrics, clock: Clock },
  async open({ attributes, log, clock, pipe, signal }) {
    same<typeof attributes.url, URL>(true);
    same<typeof attributes.token, string | undefined>(true);
    same<typeof attributes.mode, 'fast' | 'safe'>(true);
    same<typeof attributes.hosts, readonly string[]>(true);
    same<(typeof attributes)['batch.max-delay'], number>(true);
    log.info({ pipe, at: clock.now(), aborted: signal.aborted }, 'opens');
    // @ts-expect-error an attribute that is not declared
    attributes.ulr;
    // @ts-expect-error an attribute of another type
    attributes.url.toFixed();
    return new Client(attributes.url);
  },
  async transfer(client, batch, ctx) {
    same<typeof client, Client>(true);
    // @ts-expect-error the resource has no such method
    client.post();
    // @ts-expect-error the context has no such field
    ctx.tries;
    // @ts-expect-error a value may be many things
    batch.row(0)['v']!.toFixed();
    await client.send(batch.rows);
  },
  close: (client) => same<typeof client, Client>(true),
});
export const erased: ConnectorDefinition = webhook;

/** Rows of a stream, as generated types have them. */
type Click = { readonly user: string; readonly amount: number | null };

export const typedRows = defineProcessor({
  name: 'typed-rows',
  summary: 'Rows of a known stream.',
  attributes: a.object({ factor: a.number().default('1') }),
  map: (row: Click, { attributes }, ctx) => {
    same<typeof attributes.factor, number>(true);
    same<typeof ctx, ProcessContext>(true);
    // @ts-expect-error a field that the row does not have
    row.usr;
    // @ts-expect-error a field that may be null
    row.amount.toFixed();
    return { ...row, amount: (row.amount ?? 0) * attributes.factor };
  },
});

export const typedEvents = defineConnector({
  name: 'typed-events',
  summary: 'Events of a known stream.',
  attributes: a.object({}),
  open: () => 7,
  transfer(resource, event: RowsEvent<Click>) {
    same<typeof resource, number>(true);
    same<(typeof event)['rows'], readonly Click[]>(true);
    // @ts-expect-error a field that the row does not have
    event.row(0).usr;
  },
});

export const untyped = defineProcessor({
  name: 'untyped',
  summary: 'Rows of any stream.',
  attributes: a.object({}),
  inject: { log: Logger },
  filter: (row, { log }) => {
    same<typeof row, Row>(true);
    same<typeof log, Logger>(true);
    // @ts-expect-error a value may be many things
    row['v'].toFixed();
    return row['v'] !== null;
  },
});

export const badMap = defineProcessor({
  name: 'bad-map',
  summary: 'Gives what is no row.',
  attributes: a.object({}),
  // @ts-expect-error a date is no value of a row
  map: (row: Click) => ({ ...row, at: new Date() }),
});

export const badColumns = defineProcessor({
  name: 'bad-columns',
  summary: 'Gives what are no columns.',
  attributes: a.object({ as: a.string() }),
  // @ts-expect-error a column has a type
  columns: (input, attributes): readonly Column[] => [...input, { name: attributes.as }],
  flatMap: (row) => [row],
});

export const counter = defineExtractor({
  name: 'counter',
  summary: 'Counts.',
  attributes: a.object({ step: a.integer({ min: 1 }).default('1') }),
  async open({ attributes, position }) {
    return { at: typeof position === 'number' ? position : 0, step: attributes.step };
  },
  async next(counter, { signal }) {
    same<typeof counter, { at: number; step: number }>(true);
    signal.throwIfAborted();
    counter.at += counter.step;
    return { stream: 'counter', columns: [{ name: 'n', type: 'float64' }], rows: [{ n: counter.at }], position: counter.at };
  },
});

defineExtractor({
  name: 'no-position',
  summary: 'Forgets the position.',
  attributes: a.object({}),
  // @ts-expect-error without a position it could not go on after a restart
  next: async () => ({ stream: 's', columns: [], rows: [] }),
});

class Threshold {
  static readonly inject = [Logger, Clock];
  #least = 0;
  readonly log: Logger;
  readonly clock: Clock;
  constructor(log: Logger, clock: Clock) {
    this.log = log;
    this.clock = clock;
  }
  customize(attributes: { readonly least: number }): void {
    this.#least = attributes.least;
  }
  filter(row: Row): boolean {
    return Number(row['v']) >= this.#least;
  }
}
const threshold = defineProcessor({
  name: 'threshold',
  summary: 'Rows from a value on.',
  attributes: a.object({ least: a.number() }),
  useClass: Threshold,
});
export const plugins: readonly PluginDefinition[] = [webhook, typedRows, threshold];

class WrongServices {
  static readonly inject = [Metrics];
  readonly log: Logger;
  constructor(log: Logger) {
    this.log = log;
  }
  filter(): boolean {
    return true;
  }
}
// @ts-expect-error inject names a service that the constructor does not take
defineProcessor({ name: 'wrong-services', summary: '', attributes: a.object({}), useClass: WrongServices });

class WrongAttributes {
  customize(_attributes: { readonly most: number }): void {}
  filter(): boolean {
    return true;
  }
}
// @ts-expect-error the class wants an attribute that is not declared
defineProcessor({ name: 'wrong-attributes', summary: '', attributes: a.object({ least: a.number() }), useClass: WrongAttributes });

// @ts-expect-error a connector delivers
defineConnector({ name: 'no-transfer', summary: '', attributes: a.object({}) });
// @ts-expect-error attributes come from a.object
defineConnector({ name: 'no-schema', summary: '', attributes: { url: a.url() }, transfer: () => {} });
