import { describe, expect, it } from 'vitest';
import extractor from '../src/index.ts';

function select(given: Record<string, string>, zone = 'UTC') {
  const result = extractor.attributes.read(given, 'extractor', { zone });
  if (!result.ok) throw new Error(result.problems.join('; '));
  return extractor.select?.(result.values);
}

describe('the extractor of streams', () => {
  it('has both names', () => {
    expect([extractor.name, ...(extractor.aliases ?? [])]).toEqual(['iotdb-extractor', 'stream-extractor']);
  });

  it('reads everything, history and realtime, by default', () => {
    expect(select({})).toEqual({
      pattern: 'root',
      history: { startMs: -(2 ** 63), endMs: 2 ** 63 },
      realtime: true,
      forwardsPipeRecords: false,
    });
  });

  it('takes its keys with either prefix and without', () => {
    expect(select({ 'extractor.pattern': 'root.a', 'source.realtime.enable': 'false', 'forwarding-pipe-requests': 'true' })).toMatchObject({
      pattern: 'root.a',
      realtime: false,
      forwardsPipeRecords: true,
    });
  });

  it('takes bounds in ISO form, in the dotted form, as milliseconds, and without an offset in the zone of the server', () => {
    const times = ['2011.12.03T10:15:30+01:00', '2011-12-03T10:15:30+01:00', '1322903730000', '2011-12-03T10:15:30'];
    for (const time of times) {
      expect(select({ 'history.start-time': time, 'history.end-time': time }, 'Europe/Berlin')?.history).toEqual({
        startMs: 1_322_903_730_000,
        endMs: 1_322_903_730_000,
      });
    }
  });

  it('reads no history when that is off', () => {
    expect(select({ 'extractor.history.enable': 'false' })?.history).toBeNull();
  });

  it('refuses to read nothing', () => {
    expect(() => select({ 'history.enable': 'false', 'realtime.enable': 'false' })).toThrow('both false');
  });

  it('refuses a pattern that no path can begin with', () => {
    expect(() => select({ pattern: 'flights' })).toThrow(
      "'pattern' = 'flights' matches nothing: paths begin with root., such as root.flights",
    );
    for (const pattern of ['', 'ro', 'root', 'root.', 'root.fl']) expect(select({ pattern })).toMatchObject({ pattern });
  });

  it('refuses bounds that are no times, and a start after the end', () => {
    expect(() => select({ 'history.start-time': 'yesterday' })).toThrow("'history.start-time' = 'yesterday' is not a time");
    expect(() => select({ 'history.start-time': '2022-01-01', 'history.end-time': '2021-01-01' })).toThrow(
      "'history.start-time' (2022-01-01T00:00:00.000Z) is after 'history.end-time' (2021-01-01T00:00:00.000Z)",
    );
  });
});
