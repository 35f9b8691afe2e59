import { columnKind, type DataType, msPerDay, msToTicks, precisionOf, type Value as StoredValue, ticksToMs, toText } from '@millrace/data';
import type { Value } from '@millrace/sdk';

/** Turns a stored value, which is not NULL, into what plugins see; undefined = it is the same. */
export type ValueReader = ((value: StoredValue) => Value) | undefined;

/** How plugins see the values of a type. */
export function sdkValueReader(type: DataType): ValueReader {
  if (type.kind !== 'nullable' && columnKind(type) === 'string') return (value) => toText(value as string);
  switch (type.kind) {
    case 'nullable':
      return orNull(sdkValueReader(type.inner));
    case 'date':
      return (value) => (value as number) * msPerDay;
    case 'datetime':
      return (value) => (value as number) * 1000;
    case 'datetime64':
      return type.precision > 6 || type.precision === 3 ? undefined : (value) => ticksToMs(value as number, type.precision);
    case 'array': {
      const element = sdkValueReader(type.element);
      return element && ((value) => (value as readonly StoredValue[]).map(element));
    }
    case 'tuple': {
      const elements = type.elements.map((each) => sdkValueReader(each.type));
      if (elements.every((each) => each === undefined)) return undefined;
      return (value) => (value as readonly StoredValue[]).map((item, i) => elements[i]?.(item) ?? (item as Value));
    }
    case 'map': {
      const [key, item] = [sdkValueReader(type.key) ?? same, sdkValueReader(type.value) ?? same];
      return (value) => new Map([...(value as ReadonlyMap<StoredValue, StoredValue>)].map(([k, v]) => [key(k), item(v)]));
    }
    default:
      return undefined;
  }
}

const same = (value: StoredValue) => value as Value;

function orNull(read: ValueReader): ValueReader {
  return read && ((value) => (value === null ? null : read(value)));
}

/** Milliseconds, perhaps with a fraction, in the ticks of date, datetime and datetime64(0 … 6). */
export function ticksOfMs(ms: number, type: DataType): number {
  if (type.kind === 'date') return Math.floor(ms / msPerDay);
  const precision = precisionOf(type);
  // A fraction of a millisecond is not exact in binary: what is nearest is meant.
  return precision > 3 ? Math.round(ms * 10 ** (precision - 3)) : msToTicks(ms, precision);
}
