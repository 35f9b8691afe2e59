import type { StreamDefinition } from '@millrace/catalog';
import { bindTextOverColumns, type PlanContext, type PlanExpression } from '@millrace/planner';

/** Which key and which partition a row of a stream gets, over its declared columns. */
export interface RowPlacement {
  /** A string, or null without PRIMARY KEY. */
  readonly key: PlanExpression | null;
  /** An integer, or null without sharding_expr. */
  readonly sharding: PlanExpression | null;
}

/** The key is the text of the PRIMARY KEY; where that has several parts, with NUL between them. */
export function planPlacement({ columns, primaryKey, settings }: StreamDefinition, context: PlanContext): RowPlacement {
  const texts = primaryKey.map((part) => `CAST(${part} AS string)`);
  const keyText = texts.length === 1 ? texts[0]! : `concat(${texts.join(", '\\0', ")})`;
  const sharding = settings['sharding_expr'];
  return {
    key: texts.length === 0 ? null : bindTextOverColumns(keyText, columns, 'PRIMARY KEY', context),
    sharding: sharding === undefined ? null : bindTextOverColumns(String(sharding), columns, 'sharding_expr', context),
  };
}

/** How record values are written: integers as plain numbers, as every Kafka client expects; nan and inf so that they read back. */
export function recordOptions(timezone: string) {
  return { timezone, quote64BitIntegers: false, quoteDenormals: true };
}
