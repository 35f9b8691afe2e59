import type { DataType } from '../data-type.ts';

/** The text of a type as DESCRIBE prints it: lower case, and such that {@link parseDataType} reads the same type from it. */
export function formatDataType(type: DataType): string {
  switch (type.kind) {
    case 'nullable':
      return `nullable(${formatDataType(type.inner)})`;
    case 'array':
      return `array(${formatDataType(type.element)})`;
    case 'map':
      return `map(${formatDataType(type.key)}, ${formatDataType(type.value)})`;
    case 'tuple':
      return `tuple(${type.elements.map(formatElement).join(', ')})`;
    case 'fixed_string':
      return `fixed_string(${type.length})`;
    case 'datetime':
      return type.zone === null ? 'datetime' : `datetime(${quote(type.zone)})`;
    case 'datetime64':
      return type.zone === null ? `datetime64(${type.precision})` : `datetime64(${type.precision}, ${quote(type.zone)})`;
    case 'enum8':
    case 'enum16':
      return `${type.kind}(${type.values.map(([name, value]) => `${quote(name)} = ${value}`).join(', ')})`;
    case 'interval':
      return `interval_${type.unit}`;
    default:
      return type.kind;
  }
}

function formatElement({ name, type }: { readonly name: string | null; readonly type: DataType }): string {
  if (name === null) return formatDataType(type);
  const written = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
  return `${written} ${formatDataType(type)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
