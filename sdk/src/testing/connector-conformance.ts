import type { ConnectorDefinition } from '../definitions/connector-definition.ts';
import type { RowsEvent } from '../events.ts';
import type { Injections } from '../service-token.ts';
import type { Row } from '../values.ts';
import { conformanceCases, type TargetAbility, within } from './conformance-cases.ts';
import type { ConnectorDriver } from './connector-driver.ts';
import { type RowsOptions, rowsEvent } from './memory-rows.ts';
import type { Provided } from './test-services.ts';

/** Where a connector delivers to in its tests. */
export interface ConformanceTarget {
  /** With which the connector reaches it, as in a statement. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly services?: readonly Provided[];
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Stream that the rows are of; `conformance` without it. */
  readonly stream?: string;
  /** Types of the columns; `{ n: 'int32', text: 'string' }` without it. */
  readonly columns?: RowsOptions['columns'];
  /** The row with this number; `{ n, text: 'row <n>' }` without it. */
  row?(n: number): Row;
  /** Numbers of the rows that have arrived, in the order in which they did. */
  received(): Promise<readonly number[]>;
  /** Breaks connections and takes no new ones. */
  goDown?(): Promise<void>;
  comeBack?(): Promise<void>;
  /** Answers nothing until `release`. */
  hold?(): void | Promise<void>;
  release?(): void | Promise<void>;
  /** A row that the target does not take. */
  readonly badRow?: Row;
  close(): Promise<void>;
}

/** One thing that a connector must be able to do. */
export interface ConformanceCase {
  /** A sentence. */
  readonly name: string;
  /** @throws {Error} that says what was wrong */
  run(): Promise<void>;
}

/** A connector of any shape in its driver. */
export type BenchDriver = ConnectorDriver<unknown, Injections, unknown, Row>;

/** What a case works with. */
export interface Bench {
  /** Drivers of the case: closed after it. */
  readonly opened: BenchDriver[];
  readonly target: ConformanceTarget;
  readonly isOrdered: boolean;
  /** The connector, as hosts see it: events of any shape. */
  readonly connector: ConnectorDefinition;
  /** An event of the rows with the numbers `from` … `from + count - 1`. */
  event(from: number, count: number): RowsEvent;
}

/**
 * What every connector must be able to do, as cases for a test runner of your choice:
 * `for (const { name, run } of connectorConformance(webhook, makeTarget, ['goDown'])) it(name, run)`.
 * @param makeTarget a fresh target for each case
 * @param abilities what the target can do besides taking rows: without them the cases that need them are left out
 */
export function connectorConformance<A, I extends Injections, R, In extends Row>(
  connector: ConnectorDefinition<A, I, R, In>,
  makeTarget: () => Promise<ConformanceTarget>,
  abilities: readonly TargetAbility[] = [],
): readonly ConformanceCase[] {
  return conformanceCases
    .filter(({ needs }) => needs === undefined || abilities.includes(needs))
    .map(({ name, run }) => ({
      name,
      run: async () => {
        // What is sent has the shape that the target asks for.
        const bench = makeBench(connector as unknown as ConnectorDefinition, await makeTarget());
        try {
          await run(bench);
        } finally {
          await bench.target.release?.();
          await Promise.allSettled(bench.opened.map((driver) => within(driver.close(), 'close')));
          await bench.target.close();
        }
      },
    }));
}

function makeBench(connector: ConnectorDefinition, target: ConformanceTarget): Bench {
  const { stream = 'conformance', columns = defaultColumns } = target;
  const row = (n: number): Row => target.row?.(n) ?? { n, text: `row ${n}` };
  return {
    target,
    opened: [],
    connector,
    isOrdered: connector.order !== 'unordered',
    event: (from, count) => {
      const numbers = Array.from({ length: count }, (_, index) => from + index);
      return rowsEvent(stream, numbers.map(row), { columns, offset: from, keys: numbers.map((n) => `key ${n % 7}`) });
    },
  };
}

const defaultColumns = [
  { name: 'n', type: 'int32' },
  { name: 'text', type: 'string' },
];
