import { MillraceError, positionAt } from '@millrace/core';
import type { Placeholder, Statement } from '@millrace/sql';

/**
 * The statement with a value in the place of each `{name:type}`: the value's text, cast to the type.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID for a placeholder without a value
 */
export function fillPlaceholders(statement: Statement, values: ReadonlyMap<string, string>, source: string): Statement {
  return fill(statement, values, source) as Statement;
}

function fill(node: unknown, values: ReadonlyMap<string, string>, source: string): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return fillAll(node, (item) => fill(item, values, source));
  if ((node as { kind?: unknown }).kind === 'placeholder') return castValue(node as Placeholder, values, source);
  const entries = Object.entries(node);
  const filled = entries.map(([key, part]) => [key, fill(part, values, source)] as const);
  return filled.some(([, part], i) => part !== entries[i]![1]) ? Object.freeze(Object.fromEntries(filled)) : node;
}

/** The same array if nothing in it changed. */
function fillAll(items: readonly unknown[], change: (item: unknown) => unknown): readonly unknown[] {
  const changed = items.map(change);
  return changed.some((item, i) => item !== items[i]) ? Object.freeze(changed) : items;
}

function castValue({ name, type, start, end }: Placeholder, values: ReadonlyMap<string, string>, source: string): unknown {
  const value = values.get(name);
  if (value === undefined) {
    throw new MillraceError('PLAN_ARGUMENT_INVALID', `the placeholder {${name}:${type.text}} has no value`, {
      hint: `send it as the parameter param_${name}`,
      position: positionAt(source, start, end - start),
      source,
    });
  }
  if (value === '\\N') return { kind: 'cast', operand: { kind: 'null', start, end }, type, start, end };
  return { kind: 'cast', operand: { kind: 'string', value: resolveEscapes(value), start, end }, type, start, end };
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', b: '\b', f: '\f', '0': '\0' };

/** Values come with the escapes of TSV. @see ClickHouse: HTTP interface, queries with parameters */
function resolveEscapes(value: string): string {
  return value.replace(/\\(.)/gs, (_, mark: string) => escapes[mark] ?? mark);
}
