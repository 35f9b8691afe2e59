import type { Attribute, AttributeSchema, AttributeShape, AttributeValues, ReadOptions } from './attribute.ts';
import { ObjectSchema } from './object-schema.ts';
import { readDuration, readSize } from './read-quantity.ts';
import { readTime } from './read-time.ts';
import { textAttribute } from './text-attribute.ts';

/** Bounds of a number, both included. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** Any text. @param options `pattern`: what all of it must match; `legal` says that in words */
function string(options: { readonly pattern?: RegExp; readonly legal?: string } = {}): Attribute<string> {
  const { pattern, legal = pattern === undefined ? 'any text' : `text that matches ${pattern}` } = options;
  return textAttribute('string', legal, (text) => {
    if (pattern !== undefined && pattern.exec(text)?.[0] !== text) throw new Error('does not match');
    return text;
  });
}

/** A whole number that a double holds exactly. */
function integer(bounds: Bounds = {}): Attribute<number> {
  return textAttribute('integer', `a whole number${range(bounds)}`, (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(value)) throw new Error('is not a whole number');
    return within(value, bounds);
  });
}

/** A decimal number. */
function number(bounds: Bounds = {}): Attribute<number> {
  return textAttribute('number', `a number${range(bounds)}`, (text) => {
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error('is not a number');
    return within(Number(text), bounds);
  });
}

/** `true` or `false`, in any case. */
function boolean(): Attribute<boolean> {
  return textAttribute('boolean', 'true or false', (text) => {
    const lower = text.toLowerCase();
    if (lower !== 'true' && lower !== 'false') throw new Error('is not a boolean');
    return lower === 'true';
  });
}

/** Gives milliseconds. Written `20ms`, `1.5s`, `2m`, `1h30m`, `1d`. @param bounds in milliseconds */
function duration(bounds: Bounds = {}): Attribute<number> {
  return textAttribute('duration', `a duration such as 500ms, 30s, 5m, 1h, 1d${range(bounds, ' ms')}`, (text) =>
    within(readDuration(text), bounds),
  );
}

/** Gives bytes. Written `512`, `64KiB`, `1MB`. @param bounds in bytes */
function size(bounds: Bounds = {}): Attribute<number> {
  return textAttribute('size', `a size such as 512, 64KiB, 1MB${range(bounds, ' bytes')}`, (text) => within(readSize(text), bounds));
}

/**
 * Gives milliseconds since the epoch. Written as those, or as a date: `2011-12-03`, `2011-12-03T10:15:30`, `2011.12.03T10:15:30+01:00`;
 * without an offset the zone of the server is meant.
 */
function time(): Attribute<number> {
  return textAttribute('time', 'an ISO 8601 date and time, or milliseconds since the epoch', (text, { zone }) => readTime(text, zone));
}

/** An absolute URL. @param options `protocols`: those that are legal, e.g. `['http', 'https']` */
function url(options: { readonly protocols?: readonly string[] } = {}): Attribute<URL> {
  const { protocols = ['http', 'https'] } = options;
  return textAttribute('url', `a URL with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`, (text) => {
    if (!URL.canParse(text)) throw new Error('is not a URL');
    const parsed = new URL(text);
    if (!protocols.includes(parsed.protocol.slice(0, -1))) throw new Error(`has the protocol ${parsed.protocol}//`);
    return parsed;
  });
}

/** A text that no statement, log or error shows. */
function secret(): Attribute<string> {
  return textAttribute('secret', 'any text', (text) => text, true);
}

/** One of a few words. */
function choice<const C extends readonly [string, ...string[]]>(...choices: C): Attribute<C[number]> {
  return textAttribute('choice', choices.join(' or '), (text): C[number] => {
    if (!choices.includes(text)) throw new Error('is not one of them');
    return text;
  });
}

/** Several of the same, at least one, with commas between them; space around each is ignored. */
function list<T>(item: Attribute<T>): Attribute<readonly T[]> {
  const { type, legal, isSecret } = item.description;
  const read = (text: string, options: ReadOptions) => text.split(',').map((part) => item.read(part.trim(), options));
  return textAttribute(`list of ${type}`, `with commas between them: ${legal}`, read, isSecret);
}

/** All attributes of a plugin: the one source of their types, validation, help and documentation. */
function object<S extends AttributeShape>(shape: S): AttributeSchema<AttributeValues<S>> {
  return new ObjectSchema<AttributeValues<S>>(shape, []);
}

/** Builds attributes. What they read is the text in the statement; what they give is typed. */
export const a = { string, integer, number, boolean, duration, size, time, url, secret, choice, list, object } as const;

function within(value: number, { min = -Infinity, max = Infinity }: Bounds): number {
  if (value < min) throw new Error(`is less than ${min}`);
  if (value > max) throw new Error(`is more than ${max}`);
  return value;
}

function range({ min, max }: Bounds, unit = ''): string {
  if (min === undefined) return max === undefined ? '' : `, at most ${max}${unit}`;
  return max === undefined ? `, at least ${min}${unit}` : `, ${min} … ${max}${unit}`;
}
