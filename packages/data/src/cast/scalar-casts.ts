import { fromText, toText } from '../byte-string.ts';
import { type ByteString, columnKind, type Value } from '../column.ts';
import type { DataType } from '../data-type.ts';
import { msPerDay } from '../time/civil.ts';
import { isTicksInRange, parseDate, parseDateTime, parseDateTimeBigInt, powersOfTen } from '../time/parse-date-time.ts';
import { rescaleTicks, zoneOfType } from '../time/ticks.ts';
import { zone } from '../time/zone.ts';
import { integerRange, isDateTime, isEnum, isFloat, isInteger, isStringLike, isTemporal, precisionOf } from '../type/type-predicates.ts';
import { canonicalIpv4, canonicalIpv6, canonicalUuid, ipv4Number, ipv4Text } from './address-text.ts';
import { castError } from './cast-error.ts';
import { type CastOptions, createFormatter } from './format-value.ts';
import { parseFloatText, parseIntegerText } from './number-text.ts';

/** Converts one value that is not NULL. @throws {MillraceError} DATA_CAST_FAILED. */
export type Cast = (value: Value) => Value;

/** How one kind of target is made from a source type; null if it cannot be. Neither type is nullable. */
export type CastRule = (from: DataType, to: DataType, options: CastOptions) => Cast | null;

type Whole = number | bigint;

/** bool, integers, enum and interval as they count. */
export const toInteger: CastRule = (from, to, { exactIntegers = false }) => {
  const { min, max } = integerRange(to);
  const wrap = exactIntegers ? integerKeeper(to) : integerWrapper(to);
  if (isInteger(from) || from.kind === 'date' || from.kind === 'datetime' || from.kind === 'interval')
    return (value) => wrap(value as Whole);
  if (from.kind === 'bool') return (value) => wrap(value ? 1 : 0);
  if (from.kind === 'datetime64') return (value) => wrap(rescaleTicks(value as Whole, from.precision, 0));
  if (isFloat(from) && exactIntegers) return (value) => wrap(value as number);
  if (isFloat(from)) return (value) => wrap(wholeOf(value as number, to, Number(min), Number(max)));
  if (from.kind === 'ipv4') return (value) => wrap(ipv4Number(value as string)!);
  if (isEnum(from)) {
    const values = enumValues(from);
    return (value) => wrap(values.get(value as string)!);
  }
  if (!isStringLike(from)) return null;
  return (value) => {
    const whole = parseIntegerText(value as string);
    if (whole === undefined) throw castError(value, to);
    if (whole < min || whole > max) throw castError(value, to, `it goes from ${min} to ${max}`);
    return wrap(whole);
  };
};

function wholeOf(value: number, to: DataType, min: number, max: number): Whole {
  const whole = Math.trunc(value);
  // For 64 bits `max` as a double is one too many: the comparison is with what lies beyond.
  if (!(whole >= min && (whole < max || (whole === max && max < 2 ** 53)))) throw castError(value, to, `it goes from ${min} to ${max}`);
  return whole;
}

/** Refuses what is no integer of the type. */
function integerKeeper(to: DataType): (value: Whole) => Whole {
  const { min, max } = integerRange(to);
  const isBigInt = columnKind(to) === 'bigint';
  return (value) => {
    if (typeof value === 'number' && !Number.isInteger(value)) throw castError(value, to, 'it is no integer');
    if (value < min || value > max) throw castError(value, to, `it goes from ${min} to ${max}`);
    return isBigInt ? BigInt(value) : Number(value);
  };
}

/** Reduces a whole number modulo 2^bits to the range of the type, as CAST does. */
function integerWrapper(to: DataType): (value: Whole) => Whole {
  const signed = to.kind.startsWith('int');
  const bits = Number(/\d+$/.exec(to.kind)![0]);
  if (bits === 64) return signed ? (value) => BigInt.asIntN(64, BigInt(value)) : (value) => BigInt.asUintN(64, BigInt(value));
  const lane = { int8: Int8Array, int16: Int16Array, int32: Int32Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array };
  const one = new lane[to.kind as keyof typeof lane](1);
  return (value) => {
    one[0] = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value;
    return one[0]!;
  };
}

export const toFloat: CastRule = (from, to) => {
  const round = to.kind === 'float32' ? Math.fround : Number;
  if (
    isInteger(from) ||
    isFloat(from) ||
    from.kind === 'bool' ||
    from.kind === 'date' ||
    from.kind === 'datetime' ||
    from.kind === 'interval'
  ) {
    return (value) => round(Number(value));
  }
  if (from.kind === 'datetime64') return (value) => round(Number(value) / powersOfTen[from.precision]!);
  if (isEnum(from)) {
    const values = enumValues(from);
    return (value) => values.get(value as string)!;
  }
  if (!isStringLike(from)) return null;
  return (value) => {
    const number = parseFloatText(value as string);
    if (number === undefined) throw castError(value, to);
    return round(number);
  };
};

const boolTexts = new Map([
  ...['true', 't', 'yes', 'y', 'on', '1'].map((text) => [text, true] as const),
  ...['false', 'f', 'no', 'n', 'off', '0'].map((text) => [text, false] as const),
]);

export const toBool: CastRule = (from, to) => {
  // NaN is not zero, and BigInts are compared by value.
  if (isInteger(from) || isFloat(from)) return (value) => Number(value) !== 0;
  if (!isStringLike(from)) return null;
  return (value) => {
    const truth = boolTexts.get((value as string).toLowerCase());
    if (truth === undefined) throw castError(value, to, 'it is true or false');
    return truth;
  };
};

export const toPlainText: CastRule = (from, _to, options) => {
  if (from.kind === 'fixed_string') return (value) => (value as string).replace(/\0+$/, '');
  return createFormatter(from, options);
};

export const toFixedString: CastRule = (from, to) => {
  if (!isStringLike(from) || to.kind !== 'fixed_string') return null;
  return (value) => {
    const text = value as string;
    if (text.length > to.length) throw castError(value, to, `it has ${text.length} bytes`);
    return text.padEnd(to.length, '\0');
  };
};

/** A rule for types whose values are canonical texts. */
function canonicalText(canonical: (text: string) => string | undefined): CastRule {
  return (from, to) => {
    if (!isStringLike(from)) return null;
    return (value) => {
      const text = canonical(value as string);
      if (text === undefined) throw castError(value, to);
      return text;
    };
  };
}

export const toUuid: CastRule = canonicalText(canonicalUuid);

export const toIpv4: CastRule = (from, to, options) => {
  if (from.kind === 'uint32') return (value) => ipv4Text(value as number);
  return canonicalText(canonicalIpv4)(from, to, options);
};

export const toIpv6: CastRule = (from, to, options) => {
  if (from.kind === 'ipv4') return (value) => canonicalIpv6(value as string)!;
  return canonicalText(canonicalIpv6)(from, to, options);
};

export const toEnum: CastRule = (from, to) => {
  const values = enumValues(to);
  if (isStringLike(from) || isEnum(from)) {
    return (value) => {
      if (!values.has(value as string)) throw castError(value, to);
      return value;
    };
  }
  if (!isInteger(from)) return null;
  const names = new Map([...values].map(([name, value]) => [value, name]));
  return (value) => {
    const name = names.get(Number(value));
    if (name === undefined) throw castError(value, to);
    return name;
  };
};

function enumValues(type: DataType): Map<ByteString, number> {
  return new Map(type.kind === 'enum8' || type.kind === 'enum16' ? type.values.map(([name, value]) => [fromText(name), value]) : []);
}

export const toJson: CastRule = (from, to) => {
  if (isStringLike(from)) {
    return (value) => {
      try {
        JSON.parse(toText(value as string));
      } catch {
        throw castError(value, to);
      }
      return value;
    };
  }
  if (from.kind === 'bool' || isInteger(from)) return String;
  if (isFloat(from)) return (value) => (Number.isFinite(value) ? String(value) : 'null');
  return null;
};

/** Integers beyond this are seconds since the epoch, up to it days: as ClickHouse reads them. */
const maxDayNumber = 65_535;

export const toDate: CastRule = (from, to, { timezone }) => {
  if (isDateTime(from)) {
    const [local, precision] = [zoneOfType(from, timezone), precisionOf(from)];
    return (value) => Math.floor(local.toLocal(Number(rescaleTicks(value as Whole, precision, 0)) * 1000) / msPerDay);
  }
  if (isInteger(from)) {
    const local = zone(timezone);
    return (value) => {
      const number = Number(value);
      const inSeconds = Math.abs(number) > maxDayNumber;
      if (inSeconds && !isTicksInRange(number, 0)) throw castError(value, to);
      return inSeconds ? local.dayAt(number * 1000) : number;
    };
  }
  if (!isStringLike(from)) return null;
  const utc = zone('UTC');
  return (value) => {
    const days = parseDate(value as string);
    if (!Number.isNaN(days)) return days;
    // Of a date and time, the date as it is written counts; its zone does not.
    const ms = parseDateTime((value as string).replace(/(?<=:\d\d(?:\.\d+)?)(?:Z|[-+]\d\d(?::?\d\d)?)$/i, ''), 3, utc);
    if (Number.isNaN(ms)) throw castError(value, to);
    return Math.floor(ms / msPerDay);
  };
};

/** datetime and datetime64: numbers are seconds since the epoch, texts as {@link parseDateTimeSpan} reads them. */
export const toDateTime: CastRule = (from, to, { timezone }) => {
  const precision = precisionOf(to);
  const isBigInt = columnKind(to) === 'bigint';
  const ranged = (ticks: Whole, value: Value): Value => {
    if (!isTicksInRange(ticks, precision)) throw castError(value, to, `years go from 1900 to ${precision === 9 ? 2262 : 2299}`);
    return ticks;
  };
  if (isTemporal(from) && from.kind !== 'date') {
    const source = precisionOf(from);
    return (value) => ranged(rescaleTicks(value as Whole, source, precision), value);
  }
  const local = zoneOfType(to, timezone);
  if (from.kind === 'date') return (value) => ranged(rescaleTicks(local.startOfDay(value as number), 3, precision), value);
  if (isInteger(from)) {
    return (value) =>
      ranged(isBigInt ? BigInt(value as Whole) * BigInt(powersOfTen[precision]!) : Number(value) * powersOfTen[precision]!, value);
  }
  if (isFloat(from)) return (value) => ranged(ticksOfSeconds(value as number, precision, isBigInt, to), value);
  if (!isStringLike(from)) return null;
  return (value) => {
    const ticks = isBigInt ? parseDateTimeBigInt(value as string, precision, local) : parseDateTime(value as string, precision, local);
    if (ticks === null || Number.isNaN(ticks)) throw castError(value, to);
    return ticks;
  };
};

function ticksOfSeconds(seconds: number, precision: number, isBigInt: boolean, to: DataType): Whole {
  if (!Number.isFinite(seconds)) throw castError(seconds, to);
  if (!isBigInt) return Math.floor(Number((seconds * powersOfTen[precision]!).toPrecision(16)));
  const whole = Math.floor(seconds);
  return BigInt(whole) * BigInt(powersOfTen[precision]!) + BigInt(Math.floor((seconds - whole) * powersOfTen[precision]!));
}
