import { aggregateFunctions as plainAggregates, withIf } from './aggregates/index.ts';
import type { AggregateFunction, ScalarFunction } from './definition.ts';
import { FunctionNames } from './function-names.ts';
import { allScalarFunctions } from './scalar-functions.ts';

const scalars = new FunctionNames(allScalarFunctions);
const aggregates = new FunctionNames([...plainAggregates, ...plainAggregates.map(withIf)]);

/** The scalar function of a name or alias, in any case, also spelt in CamelCase (`toStartOfHour`); undefined if there is none. */
export function scalarFunction(name: string): ScalarFunction | undefined {
  return scalars.find(name);
}

/** The aggregate function of a name, `_if` forms included (`count_if`, `countIf`), as {@link scalarFunction}. */
export function aggregateFunction(name: string): AggregateFunction | undefined {
  return aggregates.find(name);
}

/** Every scalar function and operator, by family. */
export function scalarFunctions(): readonly ScalarFunction[] {
  return allScalarFunctions;
}

/** Every aggregate function by its plain name: each has an `_if` form besides. */
export function aggregateFunctions(): readonly AggregateFunction[] {
  return plainAggregates;
}

/** Every name and alias of scalar and aggregate functions: what the nearest name is looked for among. */
export function functionNames(): readonly string[] {
  return [...scalars.names(), ...aggregates.names()];
}
