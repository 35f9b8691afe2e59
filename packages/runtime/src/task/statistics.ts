import type { LateSample } from '../operators/operator.ts';
import type { UndecodableSample } from '../sources/samples.ts';
import type { PartitionProgress } from '../sources/scan-partition.ts';
import type { ViewStatistics } from './view-statistics.ts';

/** What became of the rows at one operator. `in` = `out` + `late` + `filtered` + `buffered`, or taken into its state. */
export interface OperatorStatistics {
  readonly name: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly rowsLate: number;
  readonly rowsFiltered: number;
  /** Held back as rows. */
  readonly rowsBuffered: number;
}

/**
 * `waiting`: no broker answers, or (a view) it begins anew after a failure; it goes on by itself. Of views only: `standby`: another
 * server runs it; `restoring`: it reads its state back; `stopped`: to go on later.
 */
export type QueryState = 'starting' | 'standby' | 'restoring' | 'running' | 'waiting' | 'finished' | 'stopped' | 'failed';

/** A query as it stands. Plain data. */
export interface QueryStatistics {
  readonly state: QueryState;
  /** Records taken from the logs. */
  readonly rowsIn: number;
  /** Rows of the result. */
  readonly rowsOut: number;
  readonly rowsLate: number;
  readonly rowsUndecodable: number;
  readonly rowsFiltered: number;
  readonly bytesIn: number;
  readonly elapsedMs: number;
  /** What the operators hold. */
  readonly stateBytes: number;
  readonly samples: { readonly undecodable: readonly UndecodableSample[]; readonly late: readonly LateSample[] };
  /** From the source to the result; those of several inputs one input after another. */
  readonly operators: readonly OperatorStatistics[];
  readonly partitions: readonly PartitionProgress[];
  /** Set on materialized views. */
  readonly view?: ViewStatistics;
}

/** Of a query that has not begun. */
export const noStatistics: QueryStatistics = {
  state: 'starting',
  rowsIn: 0,
  rowsOut: 0,
  rowsLate: 0,
  rowsUndecodable: 0,
  rowsFiltered: 0,
  bytesIn: 0,
  elapsedMs: 0,
  stateBytes: 0,
  samples: { undecodable: [], late: [] },
  operators: [],
  partitions: [],
};
