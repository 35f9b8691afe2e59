import { columnKind, type DataType, removeNullable, zoneOfType } from '@millrace/data';
import { FineDateTimeLane, Int64Lane } from './bigint-lanes.ts';
import { CompositeLane } from './composite-lane.ts';
import { BoolLane, DateLane, DateTimeLane, FloatLane, IntegerLane } from './float64-lanes.ts';
import type { Lane } from './lane.ts';
import { FormedStringLane, JsonLane, StringLane } from './string-lanes.ts';

/** The lane for a type. @param timezone stands where a date-time type names none */
export function createLane(given: DataType, timezone: string, capacity: number): Lane {
  const type = removeNullable(given);
  switch (type.kind) {
    case 'string':
      return new StringLane(capacity);
    case 'json':
      return new JsonLane(capacity);
    case 'fixed_string':
    case 'uuid':
    case 'ipv4':
    case 'ipv6':
    case 'enum8':
    case 'enum16':
      return new FormedStringLane(type, capacity);
    case 'array':
    case 'map':
    case 'tuple':
      return new CompositeLane(type, timezone, createLane, capacity);
    case 'bool':
      return new BoolLane(capacity);
    case 'float32':
    case 'float64':
      return new FloatLane(type, capacity);
    case 'date':
      return new DateLane(capacity);
    case 'datetime':
    case 'datetime64': {
      const zone = zoneOfType(type, timezone);
      return columnKind(type) === 'bigint' ? new FineDateTimeLane(type, zone, capacity) : new DateTimeLane(type, zone, capacity);
    }
    case 'int64':
    case 'uint64':
      return new Int64Lane(type, capacity);
    default:
      return new IntegerLane(type, capacity);
  }
}
