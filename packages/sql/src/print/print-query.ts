import { unreachable } from '@millrace/core';
import type {
  Emit,
  EmitPolicy,
  Expression,
  FunctionSource,
  JoinSource,
  OrderItem,
  Query,
  Select,
  SelectItem,
  SessionBoundaries,
  Setting,
  Source,
} from '../ast.ts';
import { printIdentifier } from './names.ts';
import { ExpressionPrinter } from './print-expression.ts';

const printer = new ExpressionPrinter(printQuery);

/** The canonical text of an expression: brackets only where they are needed. */
export function printExpression(expression: Expression): string {
  return printer.print(expression);
}

/** Expressions with commas between them. */
export function printExpressions(expressions: readonly Expression[]): string {
  return printer.printList(expressions);
}

/** The canonical text of a query, on one line. */
export function printQuery(query: Query): string {
  const tables = query.with.map(({ name, query: inner }) => `${printIdentifier(name)} AS (${printQuery(inner)})`);
  const head = tables.length === 0 ? '' : `WITH ${tables.join(', ')} `;
  return head + query.selects.map(printSelect).join(' UNION ALL ');
}

function printSelect(select: Select): string {
  const { distinct, items, from, where, having, limitBy, limit, offset, emit, settings } = select;
  const clauses = [
    `SELECT ${distinct ? 'DISTINCT ' : ''}${items.map(printItem).join(', ')}`,
    from && `FROM ${printSource(from)}`,
    where && `WHERE ${printExpression(where)}`,
    select.partitionBy.length > 0 && `PARTITION BY ${printExpressions(select.partitionBy)}`,
    select.groupBy.length > 0 && `GROUP BY ${printExpressions(select.groupBy)}`,
    having && `HAVING ${printExpression(having)}`,
    select.orderBy.length > 0 && `ORDER BY ${select.orderBy.map(printOrderItem).join(', ')}`,
    limitBy && `LIMIT ${printExpression(limitBy.limit)} BY ${printExpressions(limitBy.keys)}`,
    limit && `LIMIT ${printExpression(limit)}`,
    offset && `OFFSET ${printExpression(offset)}`,
    emit && printEmit(emit),
    settings.length > 0 && printSettings(settings),
  ];
  return clauses.filter((clause) => clause !== null && clause !== false).join(' ');
}

function printItem({ expression, alias }: SelectItem): string {
  return alias === null ? printExpression(expression) : `${printExpression(expression)} AS ${printIdentifier(alias)}`;
}

function printOrderItem({ expression, descending, nulls }: OrderItem): string {
  return `${printExpression(expression)}${descending ? ' DESC' : ''}${nulls === null ? '' : ` NULLS ${nulls.toUpperCase()}`}`;
}

/** `SETTINGS name = value, …`. */
export function printSettings(settings: readonly Setting[]): string {
  return `SETTINGS ${printSettingList(settings)}`;
}

/** `name = value, …`. */
export function printSettingList(settings: readonly Setting[]): string {
  return settings.map(({ name, value }) => `${printIdentifier(name)} = ${printExpression(value)}`).join(', ');
}

function printSource(source: Source): string {
  if (source.kind === 'join') return printJoin(source);
  const alias = source.alias === null ? '' : ` AS ${printIdentifier(source.alias)}`;
  switch (source.kind) {
    case 'named':
      return printIdentifier(source.name) + alias;
    case 'subquery':
      return `(${printQuery(source.query)})${alias}`;
    case 'table':
      return `table(${printSource(source.input)})${alias}`;
    case 'function':
      return printFunctionSource(source) + alias;
    default:
      return unreachable(source);
  }
}

function printFunctionSource({ name, input, arguments: list, boundaries }: FunctionSource): string {
  const parts = [printSource(input), ...list.map(printExpression)];
  if (boundaries !== undefined) parts.push(printBoundaries(boundaries));
  return `${printIdentifier(name)}(${parts.join(', ')})`;
}

function printBoundaries({ startCondition, endCondition, startIncluded, endIncluded }: SessionBoundaries): string {
  const conditions = `${printExpression(startCondition)}, ${printExpression(endCondition)}`;
  return `${startIncluded ? '[' : '('}${conditions}${endIncluded ? ']' : ')'}`;
}

function printJoin({ type, strictness, left, right, on, using }: JoinSource): string {
  const words = `${type.toUpperCase()}${strictness === null ? '' : ` ${strictness.toUpperCase()}`} JOIN`;
  const condition = on === null ? '' : ` ON ${printExpression(on)}`;
  const columns = using.length === 0 ? '' : ` USING (${using.map(printIdentifier).join(', ')})`;
  return `${printSource(left)} ${words} ${printSource(right)}${condition}${columns}`;
}

function printEmit({ stream, policy, delay, timeout }: Emit): string {
  const parts = [
    'EMIT',
    stream && 'STREAM',
    policy && printPolicy(policy),
    delay && `${policy === null ? '' : 'WITH '}DELAY ${printer.printOperand(delay)}`,
    timeout && `${policy === null ? '' : 'AND '}TIMEOUT ${printer.printOperand(timeout)}`,
  ];
  return parts.filter((part) => part !== null && part !== false).join(' ');
}

function printPolicy(policy: EmitPolicy): string {
  switch (policy.kind) {
    case 'after_watermark':
      return 'AFTER WATERMARK';
    case 'periodic':
      return `PERIODIC ${printer.printOperand(policy.interval)}${policy.repeat ? ' REPEAT' : ''}`;
    case 'on_update':
      return `ON UPDATE${policy.batch === null ? '' : ` WITH BATCH ${printer.printOperand(policy.batch)}`}`;
    case 'per_event':
      return 'PER EVENT';
    case 'changelog':
      return 'CHANGELOG';
    case 'last':
      return `LAST ${printer.printOperand(policy.interval)}${policy.processingTime ? ' ON PROCTIME' : ''}`;
    case 'after_key_expire':
      return printKeyExpire(policy);
    default:
      return unreachable(policy);
  }
}

function printKeyExpire({ identifiedBy, only, maxSpan }: Extract<EmitPolicy, { kind: 'after_key_expire' }>): string {
  const key = identifiedBy === null ? '' : ` IDENTIFIED BY ${printer.printOperand(identifiedBy)}`;
  return `AFTER KEY EXPIRE${key} WITH ${only ? 'ONLY ' : ''}MAXSPAN ${printer.printOperand(maxSpan)}`;
}
