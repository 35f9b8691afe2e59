import { nearest } from '@millrace/core';
import type { DataType } from '@millrace/data';
import type { ColumnReference } from '@millrace/sql';
import { column } from '../expression/build.ts';
import type { PlanExpression } from '../plan.ts';
import { type Place, planError } from '../plan-error.ts';

/** A name by which expressions may refer to a column of the relation they stand over. */
export interface ScopeColumn {
  readonly name: string;
  readonly type: DataType;
  /** Which column of the relation's node it is. */
  readonly index: number;
  /** True for what `SELECT *` leaves out (`_tp_sn`, aliases). */
  readonly hidden: boolean;
}

/** What names mean in an expression: the columns of one relation, under the names that the relation has. */
export class Scope {
  readonly #columns: readonly ScopeColumn[];
  readonly #qualifiers: readonly string[];
  readonly #byName = new Map<string, ScopeColumn>();

  /** Of columns with one name the first is meant. */
  constructor(columns: readonly ScopeColumn[], qualifiers: readonly string[]) {
    this.#columns = columns;
    this.#qualifiers = qualifiers;
    for (const candidate of columns) if (!this.#byName.has(candidate.name)) this.#byName.set(candidate.name, candidate);
  }

  find(name: string): ScopeColumn | undefined {
    return this.#byName.get(name);
  }

  isQualifier(name: string): boolean {
    return this.#qualifiers.includes(name);
  }

  /** What `*` stands for. */
  visible(): readonly ScopeColumn[] {
    return this.#columns.filter(({ hidden }) => !hidden);
  }

  names(): readonly string[] {
    return this.#columns.map(({ name }) => name);
  }

  /** `a` or `s.a`, and how many parts of the reference that took: what is left are members of the value. */
  resolve(reference: ColumnReference): { readonly expression: PlanExpression; readonly taken: number } | undefined {
    const [first, second] = reference.parts;
    if (second !== undefined && this.isQualifier(first!.name)) {
      const qualified = this.find(second.name);
      if (qualified !== undefined) return { expression: column(qualified.index, qualified.type), taken: 2 };
    }
    const plain = this.find(first!.name);
    return plain && { expression: column(plain.index, plain.type), taken: 1 };
  }

  /** The error for a reference that means nothing here. */
  unknown(reference: ColumnReference, source: string, others: Iterable<string> = []) {
    const [first, second] = reference.parts;
    const qualified = second !== undefined && this.isQualifier(first!.name);
    const part = qualified ? second : first!;
    const place: Place = { source, node: part };
    const candidates = [...new Set([...this.names(), ...others])];
    const near = nearest(part.name, candidates);
    return planError(
      'PLAN_IDENTIFIER_UNKNOWN',
      `unknown column ${part.name}`,
      place,
      near === undefined ? listHint(this.visible()) : `did you mean ${near}?`,
    );
  }
}

function listHint(columns: readonly ScopeColumn[]): string | undefined {
  if (columns.length === 0) return 'there is nothing to read columns from';
  const names = columns.map(({ name }) => name);
  return `columns are ${names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')}`;
}
