import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { a } from '../src/index.ts';

const schema = a.object({
  ip: a.string().optional().alias('thrift.host').describe('host of the target'),
  port: a.integer({ min: 1, max: 65_535 }).default('6667').alias('thrift.port'),
  password: a.secret().optional(),
  'batch.max-delay': a.duration().default('20ms'),
});

function problemsOf(given: Record<string, string>): readonly string[] {
  const result = schema.read(given, 'connector');
  return result.ok ? [] : result.problems;
}

describe('attributes of a plugin', () => {
  it('are the same with the prefix of the stage, its synonym, and without', () => {
    for (const key of ['ip', 'connector.ip', 'sink.ip', 'connector.thrift.host', 'thrift.host']) {
      expect(schema.read({ [key]: 'localhost' }, 'connector')).toMatchObject({ ok: true, values: { ip: 'localhost', port: 6667 } });
    }
    expect(schema.read({ 'source.ip': 'x' }, 'extractor').ok).toBe(true);
    expect(schema.read({ 'sink.ip': 'x' }, 'processor').ok).toBe(false);
  });

  it('say all that is wrong at once, with key, value, legal values and what was meant', () => {
    expect(problemsOf({ 'connector.prot': '80', port: '70000', 'batch.max-delay': 'soon' })).toEqual([
      "'connector.prot' = '80' is not known, did you mean 'port'?; legal: 'ip', 'port', 'password', 'batch.max-delay'",
      "'port' = '70000' is more than 65535; legal: a whole number, 1 … 65535",
      "'batch.max-delay' = 'soon' is not a duration; legal: a duration such as 500ms, 30s, 5m, 1h, 1d",
    ]);
  });

  it('name what is missing', () => {
    const result = a.object({ url: a.url().describe('where to post') }).read({}, 'connector');
    expect(result).toEqual({ ok: false, problems: ["'url' is missing: where to post (a URL with http:// or https://)"] });
  });

  it('are refused if they are given twice, under whatever names', () => {
    expect(problemsOf({ ip: 'a', 'connector.thrift.host': 'b' })).toEqual(["'connector.thrift.host' and 'ip' mean the same attribute"]);
  });

  it('never show a secret, nor what may be one, nor the password in a URL', () => {
    expect(problemsOf({ pasword: 'hunter2' })[0]).toContain("'pasword' = ****** is not known, did you mean 'password'?");
    expect(problemsOf({ 'api-token': 'hunter2' })[0]).not.toContain('hunter2');
    const refused = a.object({ url: a.url() }).read({ url: 'ftp://me:hunter2@host/' }, 'connector');
    expect(refused.ok ? [] : refused.problems).toEqual([
      "'url' = 'ftp://******@host/' has the protocol ftp://; legal: a URL with http:// or https://",
    ]);
  });

  it('are checked across when each of them is legal', () => {
    const range = a
      .object({ from: a.integer(), to: a.integer() })
      .check(({ from, to }) => (from > to ? [`from ${from} is after to ${to}`] : []));
    expect(range.read({ from: '2', to: '1' }, 'processor')).toEqual({ ok: false, problems: ['from 2 is after to 1'] });
    expect(range.read({ from: 'x', to: '1' }, 'processor')).toMatchObject({
      ok: false,
      problems: [expect.stringContaining("'from' = 'x'")],
    });
    expect(range.read({ from: '1', to: '1' }, 'processor').ok).toBe(true);
  });

  it('cannot have defaults or examples that are not legal, nor two with one key', () => {
    expect(() => a.integer().default('x')).toThrow("the default 'x' of an attribute is not legal: is not a whole number");
    expect(() => a.time().example('yesterday')).toThrow(TypeError);
    expect(() => a.object({ a: a.string(), b: a.string().alias('a') })).toThrow("two attributes have the key 'a'");
  });

  it('keep names that objects inherit apart from keys', () => {
    expect(problemsOf({ constructor: 'x', toString: 'y' })).toHaveLength(2);
  });
});

describe('texts of attributes', () => {
  it('are read by their type', () => {
    expect(a.boolean().read('TRUE')).toBe(true);
    expect(a.number({ min: 0 }).read('1.5e3')).toBe(1500);
    expect(a.duration().read('1h30m')).toBe(5_400_000);
    expect(a.duration().read('1.5s')).toBe(1500);
    expect(a.size().read('64KiB')).toBe(65_536);
    expect(a.size().read('512')).toBe(512);
    expect(a.url().read('http://h:1/p').port).toBe('1');
    expect(a.choice('a', 'b').read('b')).toBe('b');
    expect(a.list(a.integer()).read('1, 2,3')).toEqual([1, 2, 3]);
    expect(a.list(a.secret()).description.isSecret).toBe(true);
    expect(a.string({ pattern: /[a-z]+/ }).read('abc')).toBe('abc');
  });

  it.each([
    [a.boolean(), 'yes'],
    [a.integer(), '1.5'],
    [a.integer(), '9007199254740993'],
    [a.integer(), ''],
    [a.number(), 'Infinity'],
    [a.duration(), '10'],
    [a.duration(), '-1s'],
    [a.size(), '1.5B'],
    [a.url(), 'localhost:80'],
    [a.choice('a', 'b'), 'A'],
    [a.string({ pattern: /[a-z]+/ }), 'ab1'],
  ])('are refused where they are not legal: %#', (attribute, text) => {
    expect(() => attribute.read(text)).toThrow();
  });
});

describe('times', () => {
  const read = (text: string, zone?: string) => new Date(a.time().read(text, zone === undefined ? {} : { zone })).toISOString();

  it.each([
    ['2011-12-03T10:15:30', '2011-12-03T10:15:30.000Z'],
    ['2011-12-03T10:15:30+01:00', '2011-12-03T09:15:30.000Z'],
    ['2011.12.03T10:15:30+01:00', '2011-12-03T09:15:30.000Z'],
    ['2011/12/03 10:15:30.25-0530', '2011-12-03T15:45:30.250Z'],
    ['2011-12-03', '2011-12-03T00:00:00.000Z'],
    ['2011-12-03T10:15Z', '2011-12-03T10:15:00.000Z'],
    ['1322907330123', '2011-12-03T10:15:30.123Z'],
    ['-1', '1969-12-31T23:59:59.999Z'],
    ['0001-01-01', '0001-01-01T00:00:00.000Z'],
  ])('%s is %s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    '2011-13-03',
    '2011-02-29',
    '2011-12-03T24:00:00',
    '2011-12-03T10:60',
    '2011.12-03',
    'soon',
    '',
    '2011-12-03T10:15+19:00',
    '9223372036854775808',
  ])('%j is refused', (text) => {
    expect(() => a.time().read(text)).toThrow();
  });

  it('without an offset are of the zone of the host', () => {
    expect(read('2011-12-03T10:15:30', 'Europe/Berlin')).toBe('2011-12-03T09:15:30.000Z');
    expect(read('2011-12-03T10:15:30', '+08:00')).toBe('2011-12-03T02:15:30.000Z');
    expect(read('1900-01-01T00:00:00', 'Asia/Shanghai')).toBe('1899-12-31T15:54:17.000Z');
  });

  it('in the hour that clocks skip are read with the offset before, in the one they repeat the first is meant', () => {
    expect(read('2024-03-31T02:30:00', 'Europe/Berlin')).toBe('2024-03-31T01:30:00.000Z');
    expect(read('2024-10-27T02:30:00', 'Europe/Berlin')).toBe('2024-10-27T00:30:00.000Z');
  });

  it('that were printed in a zone are read in it as they were', () => {
    const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', '-03:30'];
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), fc.constantFrom(...zones), (second, zone) => {
        const wall = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(second * 1000);
        const again = a.time().read(wall, { zone });
        // Of the hour that clocks repeat the first one is meant: never a later time than the printed one, and then by an hour at most.
        expect(second * 1000 - again).toBeGreaterThanOrEqual(0);
        expect([0, 1_800_000, 3_600_000]).toContain(second * 1000 - again);
      }),
      { numRuns: 200 },
    );
  });
});
