/** A stream as `DESCRIBE` shows it. */
export interface StreamColumns {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** A module that tells the SDK which rows streams have. */
export function rowTypes(streams: readonly StreamColumns[]): string {
  return `// Made by \`millrace gen types\` of the streams of a server: not to be edited.
import type {} from '@millrace/sdk';

declare module '@millrace/sdk' {
  interface StreamRows {
${streams.map(streamType).join('')}  }
}
`;
}

function streamType({ name, columns }: StreamColumns): string {
  // Pipes give the event time behind the columns, where it is not one of them.
  const hasEventTime = columns.some((column) => column.name === '_tp_time');
  const fields = hasEventTime ? columns : [...columns, { name: '_tp_time', type: 'datetime64(3)' }];
  const lines = fields.map(
    (column) =>
      `      /** ${column.type.replaceAll('*/', '* /')} */\n      readonly ${property(column.name)}: ${valueType(column.type)};\n`,
  );
  return `    ${property(name)}: {\n${lines.join('')}    };\n`;
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** The type of the values of a column, as the SDK's `Value` says. */
function valueType(type: string): string {
  const [, word = '', inner = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(type.trim()) ?? [];
  switch (word) {
    case 'nullable':
      return `${valueType(inner)} | null`;
    case 'low_cardinality':
      return valueType(inner);
    case 'array':
      return `readonly (${valueType(inner)})[]`;
    case 'map': {
      const [key = '', value = ''] = topLevelParts(inner);
      return `ReadonlyMap<${valueType(key)}, ${valueType(value)}>`;
    }
    case 'tuple':
      return `readonly [${topLevelParts(inner)
        .map((part) => valueType(withoutName(part)))
        .join(', ')}]`;
    case 'bool':
      return 'boolean';
    case 'int64':
    case 'uint64':
      return 'bigint';
    case 'datetime64':
      return Number.parseInt(inner || '3', 10) > 6 ? 'bigint' : 'number';
    default:
      return /^(u?int\d+|float\d+|date|date32|datetime)$/.test(word) ? 'number' : 'string';
  }
}

/** Of `a int32` the type. */
function withoutName(part: string): string {
  return /^(?:\w+|`(?:[^`\\]|\\.)*`)\s+(\w.*)$/s.exec(part)?.[1] ?? part;
}

/** What stands between the commas that are in no brackets and no quotes. */
function topLevelParts(text: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const [piece] of text.matchAll(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|./gs)) {
    if (piece === '(') depth++;
    else if (piece === ')') depth--;
    if (piece === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts.map((part) => part.trim());
}
