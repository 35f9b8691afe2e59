import { describe, expect, it } from 'vitest';
import { renderTable } from '../src/output/table.ts';

describe('renderTable', () => {
  it('sets numbers right, texts left, and leaves missing values empty', () => {
    const rows = [
      { name: 'a', n: 5, note: null },
      { name: 'long', n: 1234, note: 'x' },
    ];
    expect(renderTable(rows).split('\n')).toEqual([' name      n   note', ' a         5', ' long   1234   x']);
  });

  it('fits the width by wrapping the widest column', () => {
    const table = renderTable([{ id: 1, text: 'x'.repeat(100) }], ['id', 'text'], 40);
    expect(Math.max(...table.split('\n').map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(table.split('\n').slice(1).join('').replace(/[^x]/g, '')).toHaveLength(100);
  });

  it('says that there are none', () => {
    expect(renderTable([], ['streams'])).toBe('(no streams)');
  });
});
