import type { ConnectorDefinition, TransferContext } from '../definitions/connector-definition.ts';
import { BadRecord, NotConnected } from '../errors.ts';
import type { DeleteEvent, RowsEvent } from '../events.ts';
import type { Injections } from '../service-token.ts';
import type { Row } from '../values.ts';
import { HeldResource } from './held-resource.ts';
import { rowsEvent } from './memory-rows.ts';
import { type DriverOptions, prepareStage, type Stage } from './open-stage.ts';
import type { TestServices } from './test-services.ts';

/** A row that could not be delivered. */
export interface DeadLetter {
  readonly row: Row;
  readonly error: unknown;
}

/** How often a pipe tries an event. */
const maxTries = 5;

/** Runs a connector as a pipe does. */
export class ConnectorDriver<A, I extends Injections, R, In extends Row> {
  readonly services: TestServices;
  readonly #connector: ConnectorDefinition<A, I, R, In>;
  readonly #stage: Stage<A>;
  readonly #resource: HeldResource<R>;

  constructor(connector: ConnectorDefinition<A, I, R, In>, options: DriverOptions = {}) {
    this.#connector = connector;
    this.#stage = prepareStage<A>(connector, options);
    this.services = this.#stage.services;
    this.#resource = new HeldResource(
      // The services are those that the definition asks for, by its own tokens.
      (signal) => connector.open(this.#stage.context(signal) as never),
      (resource) => connector.close?.(resource),
    );
  }

  /** How many events a pipe gives it at once, at most. */
  get concurrency(): number {
    if (this.#connector.order !== 'unordered') return 1;
    return this.#connector.concurrency?.(this.#stage.attributes) ?? 8;
  }

  /** The handshake. Does nothing if it is open. */
  async open(): Promise<void> {
    await this.#resource.get();
  }

  async heartbeat(): Promise<void> {
    await this.#connector.heartbeat?.(await this.#resource.get());
  }

  /** Rows of the stream `test`, or an event, once. @throws what the connector throws: not delivered */
  async send(event: readonly In[] | RowsEvent<In> | DeleteEvent, attempt = 1): Promise<void> {
    const resource = await this.#resource.get();
    const sent: RowsEvent<In> | DeleteEvent = 'kind' in event ? event : rowsEvent('test', event);
    if (sent.kind === 'rows') await this.#connector.transfer(resource, sent, this.#context(attempt));
    else await this.#connector.delete?.(resource, sent, this.#context(attempt));
  }

  /**
   * An event by the rules of a pipe with `'on.error'='dead-letter'`, but for its pauses: what fails is tried five times, after
   * {@link NotConnected} with a new handshake, then the rows to blame are singled out.
   * @returns the rows that were passed over
   * @throws if the target cannot be reached, or an event without rows fails
   */
  async deliver(event: RowsEvent<In>): Promise<readonly DeadLetter[]> {
    const error = await this.#try(event);
    if (error === undefined) return [];
    if (error.last instanceof NotConnected) throw error.last;
    if (event.rowCount === 1) return [{ row: event.row(0), error: error.last }];
    const cut = error.last instanceof BadRecord && error.last.row > 0 ? error.last.row : event.rowCount >> 1;
    const [first, rest] = [slice(event, 0, cut), slice(event, cut, event.rowCount)];
    return [...(await this.deliver(first)), ...(await this.deliver(rest))];
  }

  /** As when the server was killed: nothing is closed. What is in hand goes on for itself, as what was on the wire does. */
  crash(): void {
    this.#resource.forget();
  }

  /** Closes what is open. @param times hosts that have lost count call it again */
  async close(times = 1): Promise<void> {
    await this.#resource.close(times);
  }

  async #try(event: RowsEvent<In>): Promise<{ readonly last: unknown } | undefined> {
    let last: unknown;
    for (let attempt = 1; attempt <= maxTries; attempt++) {
      try {
        await this.send(event, attempt);
        return undefined;
      } catch (error) {
        last = error;
        if (error instanceof NotConnected) await this.close();
        if (error instanceof BadRecord) break;
      }
    }
    return { last };
  }

  #context(attempt: number): TransferContext {
    const transaction = this.#connector.isTransactional?.(this.#stage.attributes) ? this.services.transaction() : undefined;
    return { pipe: 'test', attempt, clusters: ['test'], transaction, signal: this.#resource.signal };
  }
}

/** A driver for a connector: `await connectorDriver(webhook, { attributes: { url } }).send([{ v: 'a' }])`. */
export function connectorDriver<A, I extends Injections, R, In extends Row>(
  connector: ConnectorDefinition<A, I, R, In>,
  options?: DriverOptions,
): ConnectorDriver<A, I, R, In> {
  return new ConnectorDriver(connector, options);
}

/** Rows of an event from one to another, the latter excluded. */
function slice<In extends Row>(event: RowsEvent<In>, from: number, to: number): RowsEvent<In> {
  const indexes = Array.from({ length: to - from }, (_, index) => from + index);
  return rowsEvent(
    event.stream,
    indexes.map((index) => event.row(index)),
    {
      ...event.origin(from),
      columns: event.columns,
      keys: indexes.map((index) => event.key(index)),
      times: indexes.map((index) => event.time(index)),
      isHistorical: event.isHistorical,
    },
  );
}
