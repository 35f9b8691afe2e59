import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Api, apisByKey, type Shape } from '@millrace/kafka-protocol';
import { describe, expect, it } from 'vitest';
import { readJar } from './read-jar.ts';

/** Apache Kafka's own definitions: JSON with comments, one file a message, in the jar of its clients. */
interface KafkaField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean | null;
  readonly fields?: readonly KafkaField[];
}
interface KafkaMessage {
  readonly apiKey: number;
  readonly type: 'request' | 'response' | string;
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly fields: readonly KafkaField[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly KafkaField[] }[];
}

const folder = dirname((process.env['KAFKA_CLASS_PATH'] ?? '').split(':')[0]!);
const jar = process.env['KAFKA_CLASS_PATH'] ? readdirSync(folder).find((name) => /^kafka-clients-[\d.]+\.jar$/.test(name)) : undefined;
const messages = jar === undefined ? [] : [...readJar(join(folder, jar), /^common\/message\/.*\.json$/).values()].map(parse);

describe.runIf(jar !== undefined)(`definitions as in ${jar ?? "Kafka's jar, which is not there"}`, () => {
  it.each([...apisByKey.values()])('$name is defined as by Apache Kafka, field by field, in every version that both have', (api) => {
    for (const type of ['request', 'response'] as const) {
      const theirs = messages.find((message) => message.apiKey === api.key && message.type === type)!;
      const [min, max] = rangeOf(theirs.validVersions);
      for (let version = Math.max(min, api.versions[0]); version <= Math.min(max, api.versions[1]); version++) {
        expect({ version, type, fields: ours(api, type, version) }).toEqual({ version, type, fields: kafkas(theirs, version) });
      }
    }
  });

  it('no version is ours alone: those before are what Kafka 4 has given up (KIP-896), those after are what came with Kafka 4', () => {
    const isOld = jar!.startsWith('kafka-clients-3.');
    for (const { key, name, versions } of apisByKey.values()) {
      const [min, max] = rangeOf(messages.find(({ apiKey, type }) => apiKey === key && type === 'request')!.validVersions);
      if (isOld) expect({ name, first: versions[0] >= min }).toEqual({ name, first: true });
      else expect({ name, last: versions[1] <= max }).toEqual({ name, last: true });
    }
  });
});

function parse(text: string): KafkaMessage {
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '').replace(/([,{[\]}])\s*\/\/.*$/gm, '$1')) as KafkaMessage;
}

/** `3`, `3+`, `3-5`, `none`. */
function rangeOf(versions: string): [number, number] {
  if (versions === 'none') return [Number.POSITIVE_INFINITY, -1];
  const [, min, rest] = /^(\d+)(\+|-\d+)?$/.exec(versions)!;
  if (rest === undefined) return [Number(min), Number(min)];
  return [Number(min), rest === '+' ? Number.POSITIVE_INFINITY : Number(rest.slice(1))];
}

function isIn(versions: string | undefined, version: number): boolean {
  const [min, max] = rangeOf(versions ?? 'none');
  return version >= min && version <= max;
}

/** One field of the wire as a line of text: path, type, whether null may stand there, its tag, and the value that a tagged one needs not be written for. */
function line(path: string, type: string, isNullable: boolean, tag: number | undefined, fallback: string): string {
  const name = path.toLowerCase().replace('v3andbelow', '');
  return `${name}: ${type}${isNullable ? ' or null' : ''}${tag === undefined || type === 'struct' ? '' : `, tag ${tag}, else ${fallback}`}`;
}

/** What stands for a field that is not there. */
function fallbackOf(given: string | number | boolean | null | undefined, type: string): string {
  if (given !== undefined) return String(given);
  return type === 'string' || type === 'bytes' ? '' : type === 'bool' ? 'false' : type.startsWith('[]') ? '[]' : '0';
}

const inOrderOfWire = (fields: { tag: number | undefined; lines: string[] }[]) =>
  fields.toSorted((a, b) => (a.tag ?? -1) - (b.tag ?? -1)).flatMap(({ lines }) => lines);

function kafkas(message: KafkaMessage, version: number): string[] {
  const structs = new Map(message.commonStructs?.map(({ name, fields }) => [name, fields]));
  const linesOf = (fields: readonly KafkaField[], prefix: string): string[] =>
    inOrderOfWire(
      fields
        .filter(({ versions, taggedVersions }) => isIn(versions ?? taggedVersions, version))
        .map((field) => {
          const tag = isIn(field.taggedVersions, version) ? field.tag : undefined;
          const element = field.type.replace('[]', '');
          const nested = /^[A-Z]/.test(element) ? (field.fields ?? structs.get(element)!) : undefined;
          const type = nested === undefined ? field.type : field.type.startsWith('[]') ? '[]struct' : 'struct';
          const path = `${prefix}${field.name}`;
          const own = line(path, type, isIn(field.nullableVersions, version), tag, fallbackOf(field.default, type));
          return { tag, lines: [own, ...(nested === undefined ? [] : linesOf(nested, `${path}.`))] };
        }),
    );
  return [`flexible: ${isIn(message.flexibleVersions, version)}`, ...linesOf(message.fields, '')];
}

function ours(api: Api, type: 'request' | 'response', version: number): string[] {
  const linesOf = (shape: Shape, prefix: string): string[] =>
    inOrderOfWire(
      Object.entries(shape)
        .filter(([, { options }]) => version >= (options.from ?? 0) && version <= (options.to ?? version))
        .map(([name, { type: wire, options }]) => {
          const element = wire.kind === 'array' ? wire.element! : wire;
          const kind = wire.kind === 'array' ? `[]${element.kind}` : wire.kind;
          // Of a tagged struct null says that it is not there, which is not written.
          const isNullable = (options.nullable === true || version >= (options.nullableFrom ?? version + 1)) && kind !== 'struct';
          const path = `${prefix}${name}`;
          const fallback = options.fallback ?? (isNullable ? null : undefined);
          const own = line(path, kind, isNullable, options.tag, fallbackOf(fallback, kind));
          return { tag: options.tag, lines: [own, ...(element.fields === undefined ? [] : linesOf(element.fields, `${path}.`))] };
        }),
    );
  return [`flexible: ${version >= api.flexibleFrom}`, ...linesOf(api[type], '')];
}
