import { streamNameOf, topicNameOf } from '@millrace/catalog';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('topicNameOf', () => {
  it.each([
    ['devices', 'devices'],
    ['Devices_2', 'Devices_2'],
    ['a.b', 'a-2eb'],
    ['a-b', 'a-2db'],
    ['größe', 'gr-c3-b6-c3-9fe'],
    ['__consumer_offsets', '-5f_consumer_offsets'],
    ['..', '-2e-2e'],
  ])('of %s is %s', (stream, topic) => {
    expect(topicNameOf(stream)).toBe(topic);
    expect(streamNameOf(topic)).toBe(stream);
  });

  it('gives every name a legal topic of its own, and the name back', () => {
    const names = fc.string({ unit: fc.constantFrom('a', 'B', '_', '-', '.', '2', 'd', 'é', ' ', '🌊'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(names, names, (a, b) => {
        expect(topicNameOf(a)).toMatch(/^[A-Za-z0-9_-]{1,249}$/);
        expect(streamNameOf(topicNameOf(a))).toBe(a);
        expect(topicNameOf(a) === topicNameOf(b)).toBe(a === b);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses names that no topic can have', () => {
    expect(() => topicNameOf('')).toThrow(expect.objectContaining({ code: 'PLAN_ARGUMENT_INVALID' }));
    expect(() => topicNameOf('é'.repeat(60))).toThrow(expect.objectContaining({ code: 'PLAN_ARGUMENT_INVALID' }));
    expect(topicNameOf('e'.repeat(249))).toHaveLength(249);
  });
});

describe('streamNameOf', () => {
  it.each(['my.topic', 'my-topic', 'a-2', 'a-2E', 'a-61', '-ff', '__consumer_offsets', '', 'x'.repeat(250)])(
    'knows that %j is no topic of ours',
    (topic) => {
      expect(streamNameOf(topic)).toBeUndefined();
    },
  );
});
