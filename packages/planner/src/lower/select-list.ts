import { isInterval } from '@millrace/data';
import { type Expression, print, type Select, type SelectItem } from '@millrace/sql';
import type { Clause, ExpressionBinder } from '../bind/expression-binder.ts';
import type { Scope } from '../bind/scope.ts';
import { column } from '../expression/build.ts';
import type { PlanExpression } from '../plan.ts';
import { planError } from '../plan-error.ts';
import type { Planning } from './planning.ts';

/** One column of a result while it is being bound. */
export interface BoundItem {
  readonly name: string;
  readonly expression: PlanExpression;
  readonly item: SelectItem;
}

/** The clauses of a SELECT, bound over one relation: its FROM, or the output of its aggregation. */
export interface BoundClauses {
  readonly items: readonly BoundItem[];
  readonly having: PlanExpression | null;
  readonly order: readonly PlanExpression[];
  readonly limitBy: readonly PlanExpression[];
}

/** The aliases of a select list. @throws {MillraceError} PLAN_QUERY_INCORRECT if one is given twice. */
export function aliasesOf({ items }: Select, { context }: Planning): ReadonlyMap<string, Expression> {
  const aliases = new Map<string, Expression>();
  for (const { alias, expression } of items) {
    if (alias === null) continue;
    if (aliases.has(alias.name)) {
      throw planError('PLAN_QUERY_INCORRECT', `the alias ${alias.name} is given twice`, { source: context.source, node: alias });
    }
    aliases.set(alias.name, expression);
  }
  return aliases;
}

/** Binds the select list: `*` becomes the visible columns. */
export function bindItems(select: Select, scope: Scope, binder: ExpressionBinder, clause: Clause, planning: Planning): BoundItem[] {
  return select.items.flatMap((item) => {
    const { expression } = item;
    if (expression.kind === 'star') return expandStar(item, scope, planning);
    const bound = binder.bindAliased(expression, item.alias?.name, clause);
    if (isInterval(bound.type)) throw intervalError(item, planning);
    return [{ name: resultName(item, scope), expression: bound, item }];
  });
}

function intervalError({ expression }: SelectItem, { context }: Planning) {
  const hint = 'add it to a date-time, or select its number';
  return planError('PLAN_EXPRESSION_UNEXPECTED', 'an interval is no value of a column', { source: context.source, node: expression }, hint);
}

function expandStar(item: SelectItem, scope: Scope, { context }: Planning): BoundItem[] {
  const star = item.expression as Expression & { kind: 'star' };
  if (star.qualifier !== null && !scope.isQualifier(star.qualifier.name)) {
    throw planError('PLAN_STREAM_UNKNOWN', `${star.qualifier.name} is not read here`, { source: context.source, node: star.qualifier });
  }
  const columns = scope.visible();
  if (columns.length === 0)
    throw planError('PLAN_EXPRESSION_UNEXPECTED', 'there is nothing that * could stand for', { source: context.source, node: star });
  return columns.map(({ name, index, type }) => ({ name, expression: column(index, type), item }));
}

/** The alias, the column's own name, or the expression as it was written, in canonical form. */
function resultName({ alias, expression }: SelectItem, scope: Scope): string {
  if (alias !== null) return alias.name;
  if (expression.kind !== 'column') return print(expression);
  const { parts } = expression;
  const isQualified = parts.length > 1 && scope.isQualifier(parts[0]!.name);
  return parts
    .slice(isQualified ? 1 : 0)
    .map(({ name }) => name)
    .join('.');
}
