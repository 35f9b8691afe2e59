export type {
  Accumulator,
  AggregateFunction,
  Argument,
  GroupStateReader,
  GroupStateWriter,
  Kernel,
  KernelContext,
  ResolvedAggregate,
  ResolvedFunction,
  ScalarFunction,
} from './definition.ts';
export { aggregateFunction, aggregateFunctions, functionNames, scalarFunction, scalarFunctions } from './look-up.ts';
