import type { KeyType } from './keys.ts';

/** A checked value, or what is wrong with the given one: a clause that goes behind "the key's name". */
export type ParsedValue = { readonly value: unknown } | { readonly problem: string };

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const sizeUnits: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** Checks one given value. Texts (from flags and environment) are read as the type asks. */
export function parseValue(type: KeyType, given: unknown): ParsedValue {
  switch (type.kind) {
    case 'text':
    case 'path':
      return typeof given === 'string' ? { value: given } : wrong('a text', given);
    case 'boolean':
      if (typeof given === 'boolean') return { value: given };
      if (given === 'true' || given === 'false') return { value: given === 'true' };
      return wrong('true or false', given);
    case 'integer': {
      const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= type.min && value <= type.max;
      return fits ? { value } : wrong(`an integer from ${type.min} to ${type.max}`, given);
    }
    case 'choice':
      return type.values.includes(given as string) ? { value: given } : wrong(`one of ${type.values.join(', ')}`, given);
    case 'list': {
      const items = typeof given === 'string' ? splitList(given) : given;
      const fits = Array.isArray(items) && items.every((item) => typeof item === 'string');
      return fits ? { value: items } : wrong('a list of texts', given);
    }
    case 'duration':
      return parseAmount(given, durationUnits, 1_000, 'a duration such as 500ms, 5s, 5m or 1h');
    case 'size':
      return parseAmount(given, sizeUnits, 1, 'a size such as 64MiB or a number of bytes');
  }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parseAmount(given: unknown, units: Readonly<Record<string, number>>, bareUnit: number, legal: string): ParsedValue {
  const match = String(given).match(/^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/);
  const unit = match === null ? undefined : match[2] === '' ? bareUnit : units[match[2]!];
  return match === null || unit === undefined ? wrong(legal, given) : { value: Math.round(Number(match[1]) * unit) };
}

function wrong(legal: string, given: unknown): ParsedValue {
  return { problem: `takes ${legal}, not ${JSON.stringify(given)}` };
}
