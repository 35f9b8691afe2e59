import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Api, apis, type Shape } from '../src/index.ts';

/**
 * kafka-fields.txt says which fields Apache Kafka's own definitions (4.0) have, one line a message:
 * name, type, versions, first version that may be null, tag.
 */
const expected = readFileSync(new URL('kafka-fields.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');

function fieldsOf(shape: Shape, path: string, min: number, max: number): string[] {
  return Object.entries(shape).flatMap(([name, { type, options }]) => {
    const from = Math.max(min, options.from ?? 0);
    const to = Math.min(max, options.to ?? max);
    const element = type.kind === 'array' ? type.element! : type;
    const nullFrom = options.nullable ? from : options.nullableFrom;
    const isTaggedStruct = options.tag !== undefined && type.kind === 'struct';
    const text = [
      `${path}${name} ${type.kind === 'array' ? '[]' : ''}${element.kind} ${from}-${to}`,
      nullFrom !== undefined && !isTaggedStruct ? ` null ${nullFrom}` : '',
      options.tag === undefined ? '' : ` tag ${options.tag}`,
    ].join('');
    return [text, ...(element.fields ? fieldsOf(element.fields, `${path}${name}.`, from, to) : [])];
  });
}

function lineOf(api: Api, direction: 'request' | 'response'): string {
  const [min, max] = api.versions;
  const flexible = Number.isFinite(api.flexibleFrom) ? api.flexibleFrom : 'never';
  return `${api.key} ${api.name} ${direction} ${min}-${max} flexible ${flexible}: ${fieldsOf(api[direction], '', min, max).join(', ')}`;
}

describe('the message definitions', () => {
  for (const api of Object.values(apis) as Api[]) {
    it(`of ${api.name} have the fields, types and versions of Apache Kafka`, () => {
      const lines = expected.filter((line) => line.startsWith(`${api.key} `));
      expect([lineOf(api, 'request'), lineOf(api, 'response')]).toEqual(lines);
    });
  }

  it('are all in the table', () => {
    expect(new Set(expected.map((line) => Number.parseInt(line, 10)))).toEqual(new Set(Object.values(apis).map(({ key }) => key)));
  });
});
