import type { ConnectorDefinition } from '../definitions/connector-definition.ts';
import type { Injections } from '../service-token.ts';
import type { Row } from '../values.ts';
import type { Bench, ConformanceTarget } from './bench.ts';
import { conformanceCases, type TargetAbility, within } from './conformance-cases.ts';
import { rowsEvent } from './memory-rows.ts';

/** One thing that a connector must be able to do. */
export interface ConformanceCase {
  /** A sentence. */
  readonly name: string;
  /** @throws {Error} that says what was wrong */
  run(): Promise<void>;
}

/**
 * What every connector must be able to do, as cases for a test runner of your choice:
 * `for (const { name, run } of connectorConformance(webhook, makeTarget, ['goDown'])) it(name, run)`.
 * @param makeTarget a fresh target for each case
 * @param abilities what the target can do besides taking rows: without them the cases that need them are left out
 * @param patienceMs how long a call may take
 */
export function connectorConformance<A, I extends Injections, R, In extends Row>(
  connector: ConnectorDefinition<A, I, R, In>,
  makeTarget: () => Promise<ConformanceTarget>,
  abilities: readonly TargetAbility[] = [],
  patienceMs = 4_000,
): readonly ConformanceCase[] {
  return conformanceCases
    .filter(
      ({ needs, isUnordered }) => (needs === undefined || abilities.includes(needs)) && (!isUnordered || connector.order === 'unordered'),
    )
    .map(({ name, run }) => ({
      name,
      run: async () => {
        // What is sent has the shape that the target asks for.
        const bench = makeBench(connector as unknown as ConnectorDefinition, await makeTarget(), patienceMs);
        try {
          await run(bench);
        } finally {
          await bench.target.release?.();
          await Promise.allSettled(bench.opened.map((driver) => within(bench, driver.close(), 'close')));
          await bench.target.close();
        }
      },
    }));
}

function makeBench(connector: ConnectorDefinition, target: ConformanceTarget, patienceMs: number): Bench {
  const { stream = 'conformance', columns = defaultColumns } = target;
  const row = (n: number): Row => target.row?.(n) ?? { n, text: `row ${n}` };
  return {
    target,
    opened: [],
    patienceMs,
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
