import { describe, expect, it } from 'vitest';
import { type ErrorRow, errorRows, lineOf } from './errors-page.ts';

/** Brings a situation about; gives what Millrace said. */
export type Play = () => Promise<string>;

/**
 * One test for each row of a section of docs/errors.md: plays the situation, and compares what was said with the page.
 * @param isIntact looks afterwards whether something was lost
 */
export function playRows(section: string, plays: Readonly<Record<string, Play>>, isIntact: () => Promise<void> = async () => {}): void {
  const rows = errorRows().filter((row) => row.section === section);
  describe(section, () => {
    it('plays each situation of the page', () => {
      expect(Object.keys(plays)).toEqual(rows.map(({ situation }) => situation));
    });
    for (const row of rows) it(row.situation, () => playRow(row, plays[row.situation]!, isIntact));
  });
}

async function playRow(row: ErrorRow, play: Play, isIntact: () => Promise<void>): Promise<void> {
  const said = await play();
  if (row.message !== null) expect(said).toMatch(lineOf(row));
  await isIntact();
}
