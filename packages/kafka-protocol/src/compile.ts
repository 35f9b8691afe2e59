import { assert } from '@millrace/core';
import type { ByteReader } from './byte-reader.ts';
import { zeroUuid } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import type { Field, FieldOptions, Shape, WireType } from './definition.ts';

export type Read = (reader: ByteReader) => unknown;
export type Write = (value: unknown, writer: ByteWriter) => void;
type AnyField = Field<unknown, never, boolean>;
type AnyType = WireType<unknown, never>;

/** The two directions of one struct in one version. */
export interface Codec {
  readonly read: Read;
  readonly write: Write;
  /** The fewest bytes that it can have on the wire. */
  readonly minimumSize: number;
}

/**
 * Generates the codec of a struct in one version. The source text comes from our own definitions only; field names are
 * checked to be plain identifiers.
 */
export function compileStruct(shape: Shape, version: number, flexible: boolean): Codec {
  const nested: Codec[] = [];
  const source = new StructSource(version, flexible, nested);
  for (const [name, field] of Object.entries(shape)) source.add(name, field);
  const reads = nested.map((codec) => codec.read);
  const writes = nested.map((codec) => codec.write);
  return {
    read: new Function('nested', `return ${source.reader()}`)(reads) as Read,
    write: new Function('nested', `return ${source.writer()}`)(writes) as Write,
    minimumSize: source.minimumSize,
  };
}

/** Collects the statements of one struct's reader and writer. */
class StructSource {
  readonly #version: number;
  readonly #flexible: boolean;
  readonly #nested: Codec[];
  #names: string[] = [];
  #reads: string[] = [];
  #taggedReads: string[] = [];
  #writes: string[] = [];
  #taggedWrites: { tag: number; present: string; write: string }[] = [];
  minimumSize: number;

  constructor(version: number, flexible: boolean, nested: Codec[]) {
    this.#version = version;
    this.#flexible = flexible;
    this.#nested = nested;
    this.minimumSize = flexible ? 1 : 0;
  }

  add(name: string, { type, options }: AnyField): void {
    assert(/^[a-z][A-Za-z0-9]*$/.test(name), `"${name}" is not a field name`);
    this.#names.push(name);
    const fallback = fallbackOf(type, options);
    if (this.#version < (options.from ?? 0) || this.#version > (options.to ?? Number.POSITIVE_INFINITY)) {
      this.#reads.push(`let $${name} = ${fallback};`);
    } else if (options.tag !== undefined) {
      assert(this.#flexible, `"${name}" is tagged in a version that is not flexible`);
      this.#addTagged(name, type, options, fallback);
    } else {
      this.#addPlain(name, type, options, fallback);
    }
  }

  reader(): string {
    const known =
      this.#taggedReads.length === 0
        ? ''
        : `(tag) => { switch (tag) { ${this.#taggedReads.join(' ')} default: return false; } return true; }`;
    const tagged = this.#flexible ? `r.tagged(${known});` : '';
    const result = this.#names.map((name) => `${name}: $${name}`).join(', ');
    return `(r) => { ${this.#reads.join(' ')} ${tagged} return { ${result} }; }`;
  }

  writer(): string {
    return `(v, w) => { ${this.#writes.join(' ')} ${this.#flexible ? this.#taggedWriter() : ''} }`;
  }

  #addPlain(name: string, type: AnyType, options: FieldOptions, fallback: string): void {
    const nullable = isNullable(options, this.#version);
    const optional = Object.keys(options).length > 0;
    const value = optional ? `(v.${name} === undefined ? ${fallback} : v.${name})` : `v.${name}`;
    this.minimumSize += this.#minimumSizeOf(type);
    this.#reads.push(`const $${name} = ${this.#read(type, nullable)};`);
    this.#writes.push(`${this.#write(type, value)};`);
  }

  #addTagged(name: string, type: AnyType, options: FieldOptions, fallback: string): void {
    this.#reads.push(`let $${name} = ${fallback};`);
    this.#taggedReads.push(`case ${options.tag}: $${name} = ${this.#read(type, isNullable(options, this.#version))}; break;`);
    const differs = type.kind === 'array' && fallback === '[]' ? `v.${name}.length > 0` : `v.${name} !== ${fallback}`;
    this.#taggedWrites.push({
      tag: options.tag!,
      present: `(v.${name} !== undefined && ${differs})`,
      write: `w.tagged(${options.tag}, (w) => { ${this.#write(type, `v.${name}`)}; })`,
    });
  }

  #taggedWriter(): string {
    if (this.#taggedWrites.length === 0) return 'w.uvarint(0);';
    const sorted = this.#taggedWrites.toSorted((a, b) => a.tag - b.tag);
    const count = sorted.map(({ present }) => present).join(' + ');
    return `w.uvarint(0 + ${count}); ${sorted.map(({ present, write }) => `if (${present}) ${write};`).join(' ')}`;
  }

  #read(type: AnyType, nullable: boolean): string {
    const orNull = (name: string) => (nullable ? `nullable${name[0]!.toUpperCase()}${name.slice(1)}` : name);
    switch (type.kind) {
      case 'string':
        return `r.${orNull('string')}(${this.#flexible ? 'r.compactLength()' : 'r.int16()'})`;
      case 'bytes':
      case 'records':
        return `r.${orNull('bytes')}(${this.#length()})`;
      case 'array':
        return `r.${orNull('array')}(${this.#length()}, ${Math.max(1, this.#minimumSizeOf(type.element!))}, ${this.#element(type.element!)})`;
      case 'struct':
        return `nested[${this.#nest(type)}](r)`;
      default:
        return `r.${type.kind}()`;
    }
  }

  #write(type: AnyType, value: string): string {
    const compact = (name: string) => (this.#flexible ? `compact${name[0]!.toUpperCase()}${name.slice(1)}` : name);
    switch (type.kind) {
      case 'string':
        return `w.${compact('string')}(${value})`;
      case 'bytes':
      case 'records':
        return `w.${compact('bytes')}(${value})`;
      case 'array': {
        const element =
          type.element!.kind === 'struct' ? `nested[${this.#nest(type.element!)}]` : `(v, w) => ${this.#write(type.element!, 'v')}`;
        return `w.${compact('array')}(${value}, ${element})`;
      }
      case 'struct':
        return `nested[${this.#nest(type)}](${value}, w)`;
      default:
        return `w.${type.kind}(${value})`;
    }
  }

  #element(type: AnyType): string {
    return type.kind === 'struct' ? `nested[${this.#nest(type)}]` : `(r) => ${this.#read(type, false)}`;
  }

  #length(): string {
    return this.#flexible ? 'r.compactLength()' : 'r.int32()';
  }

  readonly #nestedIndex = new Map<AnyType, number>();

  #nest(type: AnyType): number {
    let index = this.#nestedIndex.get(type);
    if (index === undefined) {
      index = this.#nested.push(compileStruct(type.fields!, this.#version, this.#flexible)) - 1;
      this.#nestedIndex.set(type, index);
    }
    return index;
  }

  #minimumSizeOf(type: AnyType): number {
    switch (type.kind) {
      case 'bool':
      case 'int8':
        return 1;
      case 'int16':
        return 2;
      case 'int32':
        return 4;
      case 'int64':
        return 8;
      case 'uuid':
        return 16;
      case 'string':
        return this.#flexible ? 1 : 2;
      case 'bytes':
      case 'records':
      case 'array':
        return this.#flexible ? 1 : 4;
      case 'struct':
        return this.#nested[this.#nest(type)]!.minimumSize;
    }
  }
}

function isNullable({ nullable, nullableFrom }: FieldOptions, version: number): boolean {
  return nullable === true || (nullableFrom !== undefined && version >= nullableFrom);
}

/** The source text of a field's fallback. */
function fallbackOf(type: AnyType, options: FieldOptions): string {
  if (options.fallback !== undefined) return JSON.stringify(options.fallback);
  if (options.nullable || options.nullableFrom !== undefined) return 'null';
  switch (type.kind) {
    case 'bool':
      return 'false';
    case 'string':
      return "''";
    case 'uuid':
      return `'${zeroUuid}'`;
    case 'array':
      return '[]';
    case 'bytes':
    case 'records':
      return 'Buffer.alloc(0)';
    case 'struct':
      return 'null';
    default:
      return '0';
  }
}
