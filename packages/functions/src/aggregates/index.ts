import type { AggregateFunction } from '../definition.ts';
import { argMax, argMin } from './arg-extremum.ts';
import { avg } from './avg.ts';
import { count } from './count.ts';
import { countDistinct } from './count-distinct.ts';
import { max, min } from './extremum.ts';
import { any, earliest, firstValue, lastValue, latest } from './first-last.ts';
import { groupArray, groupUniqArray } from './group-array.ts';
import { stddevPop, stddevSamp, varPop, varSamp } from './moments.ts';
import { median, p90, p95, p99, quantile } from './quantile.ts';
import { sum } from './sum.ts';

export { sampleRows } from './sample-rows.ts';
export { withIf } from './with-if.ts';

/** Every aggregate by its plain name; `count_if`, `sum_if`, … are made of them by {@link withIf}. */
export const aggregateFunctions: readonly AggregateFunction[] = [
  count,
  sum,
  avg,
  min,
  max,
  any,
  firstValue,
  lastValue,
  earliest,
  latest,
  argMin,
  argMax,
  quantile,
  median,
  p90,
  p95,
  p99,
  countDistinct,
  groupArray,
  groupUniqArray,
  varPop,
  varSamp,
  stddevPop,
  stddevSamp,
];
