import type { ConnectorDefinition } from '../definitions/connector-definition.ts';
import type { RowsEvent } from '../events.ts';
import type { Injections } from '../service-token.ts';
import type { Row } from '../values.ts';
import type { ConnectorDriver } from './connector-driver.ts';
import type { RowsOptions } from './memory-rows.ts';
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

/** A connector of any shape in its driver. */
export type BenchDriver = ConnectorDriver<unknown, Injections, unknown, Row>;

/** What a case works with. */
export interface Bench {
  /** Drivers of the case: closed after it. */
  readonly opened: BenchDriver[];
  /** How long a call may take. */
  readonly patienceMs: number;
  readonly target: ConformanceTarget;
  readonly isOrdered: boolean;
  /** The connector, as hosts see it: events of any shape. */
  readonly connector: ConnectorDefinition;
  /** An event of the rows with the numbers `from` … `from + count - 1`. */
  event(from: number, count: number): RowsEvent;
}
