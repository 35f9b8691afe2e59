import { type Column, type DataType, defaultValue, parseValue, type Value } from '@millrace/data';
import { skipBlanks, skipKey, skipValue } from '../json/scan.ts';
import { Lane } from './lane.ts';

/** Makes the lane of a type; handed in, since lanes of composite types hold lanes of their elements' types. */
export type LaneFactory = (type: DataType, timezone: string, capacity: number) => Lane;

/** Reads one value of a type from JSON `bytes[start … end)`, known to be well formed; undefined if it is none. */
type JsonReader = (bytes: Buffer, start: number, end: number) => Value | undefined;

/** Arrays, maps and tuples. In JSON an array is an array, a map an object, a tuple an array or, if its elements have names, an object. */
export class CompositeLane extends Lane {
  readonly #type: DataType;
  readonly #timezone: string;
  readonly #read: JsonReader;
  #values: Value[] = [];

  constructor(type: DataType, timezone: string, createLane: LaneFactory, capacity: number) {
    super(capacity);
    this.#type = type;
    this.#timezone = timezone;
    this.#read = jsonReader(type, timezone, createLane);
  }

  /** The text form of SQL (`['a','b']`), or JSON. */
  setText(row: number, bytes: Buffer, start: number, end: number): boolean {
    try {
      this.#values[row] = parseValue(bytes.toString('latin1', start, end), this.#type, { timezone: this.#timezone });
      return true;
    } catch {
      const valueEnd = skipValue(bytes, start, end);
      return (
        valueEnd >= 0 && skipBlanks(bytes, valueEnd, end) === end && this.setStructure(row, bytes, skipBlanks(bytes, start, end), valueEnd)
      );
    }
  }

  override setNumber(): boolean {
    return false;
  }

  override setStructure(row: number, bytes: Buffer, start: number, end: number): boolean {
    const value = this.#read(bytes, start, end);
    if (value === undefined) return false;
    this.#values[row] = value;
    return true;
  }

  setValue(row: number, value: Value): void {
    this.#values[row] = value;
  }

  get(row: number): Value {
    return this.#values[row]!;
  }

  override setNull(row: number): void {
    this.#values[row] = null;
  }

  override clearNull(): void {}

  protected growValues(): void {}

  protected takeColumn(): Column {
    const values = this.#values;
    this.#values = [];
    return { kind: 'value', values };
  }
}

function jsonReader(type: DataType, timezone: string, createLane: LaneFactory): JsonReader {
  switch (type.kind) {
    case 'nullable': {
      const inner = jsonReader(type.inner, timezone, createLane);
      return (bytes, start, end) => (bytes[start] === 110 ? null : inner(bytes, start, end));
    }
    case 'array': {
      const element = jsonReader(type.element, timezone, createLane);
      return (bytes, start) => (bytes[start] === 91 ? readArray(bytes, start, () => element) : undefined);
    }
    case 'map':
      return mapReader(createLane(type.key, timezone, 1), jsonReader(type.value, timezone, createLane));
    case 'tuple':
      return tupleReader(type, timezone, createLane);
    default:
      return scalarReader(type, createLane(type, timezone, 1));
  }
}

function scalarReader(type: DataType, lane: Lane): JsonReader {
  return (bytes, start, end) => {
    if (bytes[start] === 110) return defaultValue(type);
    lane.begin(bytes);
    return lane.setJson(0, bytes, start, end) ? lane.get(0) : undefined;
  };
}

function mapReader(key: Lane, item: JsonReader): JsonReader {
  return (bytes, start) => {
    const entries = new Map<Value, Value>();
    const isRead = eachMember(bytes, start, (keyStart, keyEnd, valueStart, valueEnd) => {
      key.begin(bytes);
      if (!key.setJson(0, bytes, keyStart, keyEnd)) return false;
      const value = item(bytes, valueStart, valueEnd);
      if (value === undefined) return false;
      entries.set(key.get(0), value);
      return true;
    });
    return isRead ? entries : undefined;
  };
}

function tupleReader(type: DataType & { kind: 'tuple' }, timezone: string, createLane: LaneFactory): JsonReader {
  const readers = type.elements.map((element) => jsonReader(element.type, timezone, createLane));
  const places = new Map(type.elements.map(({ name }, i) => [JSON.stringify(name), i]));
  return (bytes, start) => {
    if (bytes[start] === 91) {
      const items = readArray(bytes, start, (i) => readers[i]);
      return items?.length === readers.length ? items : undefined;
    }
    const items: Value[] = type.elements.map((element) => defaultValue(element.type));
    const isRead = eachMember(bytes, start, (keyStart, keyEnd, valueStart, valueEnd) => {
      const place = places.get(bytes.toString('utf8', keyStart, keyEnd));
      if (place === undefined) return true;
      const value = readers[place]!(bytes, valueStart, valueEnd);
      if (value !== undefined) items[place] = value;
      return value !== undefined;
    });
    return isRead ? items : undefined;
  };
}

/** Undefined if an element is not read, or the reader of its place is missing. */
function readArray(bytes: Buffer, start: number, readerAt: (index: number) => JsonReader | undefined): Value[] | undefined {
  const items: Value[] = [];
  let p = skipBlanks(bytes, start + 1, bytes.length);
  while (bytes[p] !== 93) {
    const end = skipValue(bytes, p, bytes.length);
    const item = readerAt(items.length)?.(bytes, p, end);
    if (item === undefined) return undefined;
    items.push(item);
    p = skipBlanks(bytes, end, bytes.length);
    if (bytes[p] === 44) p = skipBlanks(bytes, p + 1, bytes.length);
  }
  return items;
}

/** Visits the members of an object, quotes of the keys included; false if it is no object or the visitor says so. */
function eachMember(
  bytes: Buffer,
  start: number,
  visit: (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => boolean,
): boolean {
  if (bytes[start] !== 123) return false;
  const end = bytes.length;
  let p = skipBlanks(bytes, start + 1, end);
  while (bytes[p] !== 125) {
    const colonEnd = skipKey(bytes, p, end);
    const valueStart = skipBlanks(bytes, colonEnd, end);
    const valueEnd = skipValue(bytes, valueStart, end);
    const keyEnd = bytes.lastIndexOf(34, colonEnd - 1) + 1;
    if (!visit(p, keyEnd, valueStart, valueEnd)) return false;
    p = skipBlanks(bytes, valueEnd, end);
    if (bytes[p] === 44) p = skipBlanks(bytes, p + 1, end);
  }
  return true;
}
