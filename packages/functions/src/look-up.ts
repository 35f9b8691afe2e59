import type { ScalarFunction } from './definition.ts';
import { FunctionNames } from './function-names.ts';
import { allScalarFunctions } from './scalar-functions.ts';

const scalars = new FunctionNames(allScalarFunctions);

/** The scalar function of a name or alias, in any case, also spelt in CamelCase (`toStartOfHour`); undefined if there is none. */
export function scalarFunction(name: string): ScalarFunction | undefined {
  return scalars.find(name);
}

/** Every scalar function and operator, by family. */
export function scalarFunctions(): readonly ScalarFunction[] {
  return allScalarFunctions;
}

/** Every name and alias: what the nearest name is looked for among. */
export function functionNames(): readonly string[] {
  return scalars.names();
}
