import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Board } from '../src/demo/board.ts';

const window = { day: '2001-01-01', flights: '222', avg_delay: 15.8, over_an_hour: '21', worst: 353, worst_from: 'SNA' };
const figures = { rowsSent: 224, rowsLate: 0, eventTime: '2001-01-02 06:17:00' };

/** The lines of a board with one window on a terminal of so many columns. */
function drawn(columns: number): string[] {
  const written: string[] = [];
  const sink = new Writable({ decodeStrings: false, write: (text, _, done) => done(void written.push(text)) });
  const terminal = Object.assign(sink, { isTTY: true, rows: 24, columns });
  const board = new Board(terminal as unknown as NodeJS.WriteStream, 'avg_delay');
  board.add(window);
  board.draw(figures);
  return stripVTControlCharacters(written.join('')).split('\n');
}

describe('Board', () => {
  it('draws a window in one line whose bar is twenty columns long', () => {
    const line = drawn(120)[1]!;
    expect(line).toContain('2001-01-01');
    expect(line.match(/▇/g)).toHaveLength(20);
  });

  it.each([80, 84, 93, 94])('shortens the bar, and wraps no cell, where there are %i columns', (columns) => {
    const [, line, empty] = drawn(columns);
    expect(line).toContain('2001-01-01');
    expect(line).toMatch(/▇{4,}$/);
    expect(line!.length).toBeLessThanOrEqual(columns);
    expect(empty).toBe('');
  });

  it('leaves the bar away where it has no room', () => {
    const text = drawn(74).join('\n');
    expect(text).toContain('2001-01-01');
    expect(text).not.toContain('▇');
  });
});
