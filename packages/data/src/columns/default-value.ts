import { fromText } from '../byte-string.ts';
import type { Value } from '../column.ts';
import { columnKind } from '../column.ts';
import type { DataType } from '../data-type.ts';

/** What stands for a value that is not there: NULL for nullable, else zero, the empty string or collection, the epoch, the lowest enum value. */
export function defaultValue(type: DataType): Value {
  switch (type.kind) {
    case 'nullable':
    case 'nothing':
      return null;
    case 'bool':
      return false;
    case 'fixed_string':
      return '\0'.repeat(type.length);
    case 'uuid':
      return '00000000-0000-0000-0000-000000000000';
    case 'ipv4':
      return '0.0.0.0';
    case 'ipv6':
      return '::';
    case 'json':
      return '{}';
    case 'enum8':
    case 'enum16':
      return fromText(type.values.reduce((lowest, value) => (value[1] < lowest[1] ? value : lowest))[0]);
    case 'array':
      return [];
    case 'map':
      return new Map();
    case 'tuple':
      return type.elements.map((element) => defaultValue(element.type));
    default:
      return columnKind(type) === 'bigint' ? 0n : columnKind(type) === 'string' ? '' : 0;
  }
}
