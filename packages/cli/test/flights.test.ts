import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { arrivalBlocks, bundledFlightsPath, readFlights } from '../src/demo/flights.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-flights-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(text: string): string {
  const path = join(folder, 'flights');
  writeFileSync(path, text);
  return path;
}

const flight = { at: '2001-01-10 18:20:00', origin: 'HOU', destination: 'SAT', delay: -5, distance: 192 };

describe('readFlights', () => {
  it('reads JSON, NDJSON and CSV', async () => {
    const row = '{"date":"2001/01/10 18:20","delay":-5,"distance":192,"origin":"HOU","destination":"SAT"}';
    const csv = 'date,delay,distance,origin,destination\n"2001/01/10 18:20",-5,192,HOU,SAT\n';
    for (const text of [`[${row}]`, `${row}\n${row}\n`, csv]) expect((await readFlights(file(text)))[0]).toEqual(flight);
    expect(await readFlights(file(csv))).toHaveLength(1);
  });

  it.each([
    ['', /holds no flights/],
    ['[{"date":"x"}]', /flights, row 1: a flight needs date .* this one is \{"date":"x"\}/],
    ['{"a":1}\n{', /flights, row 2: .*JSON/],
    ['{', /flights, row 1: .*JSON/],
    ['a,b\n1,2\n', /this one is \{"a":"1","b":"2"\}/],
    ['date,delay,distance,origin\n2001/13/45 10:00,1,1,A\n', /a flight needs date/],
    ['date,delay,distance,origin\n2001/01/01 10:00,,1,A\n', /a flight needs date/],
  ])('says what is wrong with %j', async (text, message) => {
    await expect(readFlights(file(text))).rejects.toThrow(message);
  });

  it('names a file that is not there', async () => {
    await expect(readFlights('/nowhere.csv')).rejects.toThrow('cannot read /nowhere.csv: there is no such file');
  });
});

describe('arrivalBlocks', () => {
  it('brings every flight once, a bit out of order, the same for the same seed', async () => {
    const flights = (await readFlights(bundledFlightsPath())).slice(0, 2_000);
    const blocks = arrivalBlocks(flights, 1);
    const byText = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(byText(blocks.flat())).toEqual(byText(flights));
    expect(blocks).toEqual(arrivalBlocks(flights, 1));
    expect(blocks).not.toEqual(arrivalBlocks(flights, 2));
    const times = blocks.flat().map(({ at }) => Date.parse(`${at.replace(' ', 'T')}Z`));
    let largest = 0;
    const behind = times.map((time) => (largest = Math.max(largest, time)) - time);
    expect(Math.max(...behind)).toBeGreaterThan(0);
    expect(Math.max(...behind)).toBeLessThan(12 * 3_600_000);
  });
});
