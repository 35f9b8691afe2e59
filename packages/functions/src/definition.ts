import type { Clock, Random } from '@millrace/core';
import type { BinaryReader, BinaryWriter, Column, DataType, Value } from '@millrace/data';

/** What the planner knows of an argument when it resolves a call. */
export interface Argument {
  readonly type: DataType;
  /** The value if the argument is a constant; a constant NULL is `{ value: null }`. */
  readonly constant?: { readonly value: Value };
  /** Set for lambda arguments: the planner types the body once it knows the parameter types (see {@link ScalarFunction.lambdaParameters}). */
  readonly lambda?: { readonly parameterCount: number };
}

/** What a kernel may ask of its surroundings. One for each running query. */
export interface KernelContext {
  readonly clock: Clock;
  readonly random: Random;
  /** The server's time zone: stands wherever a type or call names none. */
  readonly timezone: string;
}

/**
 * How a resolved function computes one row.
 *
 * - `row`: `create(context)` gives a function from the arguments' values ({@link Value}; for lambdas a JavaScript function
 *   over values) to the result's value. Under `nulls: 'propagate'` it never sees a null.
 * - `code`: the text of a JavaScript expression over the texts of the arguments, compiled into the loop over the rows.
 *   For what is hot and simple: arithmetic and comparison of number lanes, logic. Each argument text is a plain variable
 *   or literal, so it may stand more than once. Same value conventions as `row`. Under `nulls: 'manual'`, NULL is the text's value `null`.
 * - `constant`: the same for every row of a chunk (`now`): evaluated once a chunk.
 */
export type Kernel =
  | { readonly kind: 'row'; create(context: KernelContext): (...values: never[]) => Value }
  | { readonly kind: 'code'; emit(...values: string[]): string }
  | { readonly kind: 'constant'; create(context: KernelContext): () => Value };

/** A function chosen for given argument types. */
export interface ResolvedFunction {
  /**
   * The result's type. Under `nulls: 'propagate'` it is given without nullable: the planner wraps it if an argument is nullable.
   */
  readonly returns: DataType;
  /** The types the kernel takes, one for each argument, without nullable under 'propagate'; the planner inserts casts where they differ. */
  readonly argumentTypes: readonly DataType[];
  readonly nulls: 'propagate' | 'manual';
  readonly kernel: Kernel;
  /**
   * Set on `code` kernels that use each argument's text at most once on every path and only where its value is needed (`if`, `coalesce`, …):
   * a compiler may pass whole expressions as texts, so that what is not needed is not computed.
   */
  readonly lazy?: true;
}

/**
 * A scalar function: what the planner types with, what SHOW FUNCTIONS prints, what the tests run, and what the runtime computes with.
 * The runtime resolves again from name and argument types: `resolve` must be deterministic.
 */
export interface ScalarFunction {
  readonly kind: 'scalar';
  /** Canonical name in snake_case. Names are matched without regard to case. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** Human-readable, e.g. `(haystack string, needle string) -> uint64`. */
  readonly signature: string;
  readonly help: string;
  /** At least three `[SQL expression, its result]`, one with NULL; the result as JSONEachRow prints it (JavaScript plain data). */
  readonly examples: readonly (readonly [sql: string, result: unknown])[];
  /** False for `now`, `rand`, `uuid`, …: never folded at planning time. */
  readonly deterministic: boolean;
  /** True for `array_join`: each value that the kernel's array holds makes a row of its own. An operator does that; examples list the rows. */
  readonly unfolds?: true;
  /** Where the semantics come from. */
  readonly see?: string;
  /**
   * For higher-order functions: the types of the parameters of the lambda at `index`, given the types of the other arguments
   * (the lambda's own entry has type nothing). The planner then types the body and passes its type as that argument's type.
   */
  lambdaParameters?(index: number, argumentsSoFar: readonly Argument[]): readonly DataType[];
  /** @throws {MillraceError} PLAN_ARGUMENT_COUNT, PLAN_ARGUMENT_TYPE, PLAN_ARGUMENT_INVALID (message without position: the planner adds it). */
  resolve(args: readonly Argument[]): ResolvedFunction;
}

/**
 * The states of one aggregate for many groups, indexed 0 … n−1 (dense arrays, no object per group where it can be helped).
 * Not shared between threads; synchronous.
 */
export interface Accumulator {
  /** Makes room for groups up to `count` − 1; new groups start empty. */
  resize(count: number): void;
  /**
   * Takes rows 0 … rowCount − 1: row i goes to group `groups[i]`; −1 skips the row. `filter` (of a `_if` combinator), where given,
   * holds 0 for rows to skip. Arguments have the resolved `argumentTypes`.
   */
  update(args: readonly Column[], groups: Int32Array, rowCount: number): void;
  /** Folds group `from` of `other` (same function and types) into `into`: for hop panes. Order-sensitive aggregates take `other` as later. */
  merge(into: number, other: Accumulator, from: number): void;
  /** The results of these groups, in this order, as a column of the resolved `returns`. */
  evaluate(groups: Int32Array, count: number): Column;
  /** Forgets a group so that its index can be used anew. */
  reset(group: number): void;
  /** About how many bytes all groups hold. */
  readonly sizeBytes: number;
  /**
   * What {@link save} writes for a group, in a few words that change whenever it does: it tells states of another form apart.
   * The types of the arguments and of the result, the function's name and its parameters are known beside it.
   */
  readonly format: string;
  /**
   * Writes the states of groups from … to − 1, all of which have room: whole, save for pieces that stand already. To be called for groups
   * that were updated since; afterwards they count as saved, so each accumulator is saved to one place only.
   */
  save(from: number, to: number, states: GroupStateWriter): void;
  /** Takes the states that {@link save} wrote for these very groups, which have room and are empty. @throws {MillraceError} STATE_INVALID */
  load(from: number, to: number, states: GroupStateReader): void;
}

/**
 * Where states of groups are written: a block for all the groups asked for, which is written anew whenever one of them changes,
 * and pieces that stand by themselves, for what is large: they are written once, or when they change.
 */
export interface GroupStateWriter {
  /** The block. */
  readonly out: BinaryWriter;
  /** Takes what stands in the block from `start` on out of it and makes it the piece of this number. Pieces of a group are numbered from 0. */
  cut(group: number, piece: number, start: number): void;
  /** The piece is no longer needed. */
  drop(group: number, piece: number): void;
}

/** Where they are read again: the block is read in the order in which it was written. */
export interface GroupStateReader {
  readonly in: BinaryReader;
  /** @throws {MillraceError} STATE_INVALID if there is no such piece. */
  piece(group: number, piece: number): BinaryReader;
}

/** An aggregate chosen for given argument types. */
export interface ResolvedAggregate {
  readonly returns: DataType;
  readonly argumentTypes: readonly DataType[];
  create(context: KernelContext): Accumulator;
}

/**
 * An aggregate function. NULL arguments are skipped (a row with a NULL in any argument does not count), except for `count(*)`.
 * Of no rows: the type's default, NULL where the argument is nullable, see each function.
 * `name_if(args…, condition)` exists for every aggregate through {@link aggregate}'s look-up, and `distinct` through `count_distinct`.
 */
export interface AggregateFunction {
  readonly kind: 'aggregate';
  readonly name: string;
  readonly aliases: readonly string[];
  readonly signature: string;
  readonly help: string;
  /** `[SQL of a query over VALUES-like rows: see the tests of this package, result]`. */
  readonly examples: readonly (readonly [sql: string, result: unknown])[];
  readonly see?: string;
  /** `parameters` are the constants of `quantile(0.9)(x)`. @throws as {@link ScalarFunction.resolve}. */
  resolve(args: readonly Argument[], parameters: readonly Value[]): ResolvedAggregate;
}
