import { describe, expect, it } from 'vitest';
import { ResultObserver } from '../src/sql/result-observer.ts';
import { splitScript } from '../src/sql/split-script.ts';
import { statementKind } from '../src/sql/statement-kind.ts';

describe('splitScript', () => {
  it('keeps each statement where it stands in the script, so that errors point there', () => {
    expect(splitScript('SELECT 1; SELECT 2;\n-- c\nSELECT\n  3')).toEqual([
      { text: 'SELECT 1', line: 1 },
      { text: '          SELECT 2', line: 1 },
      { text: '\n\nSELECT\n  3', line: 3 },
    ]);
  });

  it('tells statements apart that follow each other without a semicolon', () => {
    expect(splitScript('SELECT 1\nSELECT 2').map(({ text }) => text.trim())).toEqual(['SELECT 1', 'SELECT 2']);
  });

  it('cuts at semicolons what it cannot parse', () => {
    expect(splitScript("SELEC 1; SELECT ';'").map(({ text }) => text.trim())).toEqual(['SELEC 1', "SELECT ';'"]);
  });

  it('finds nothing in comments', () => {
    expect(splitScript('-- nothing; here\n;')).toEqual([]);
  });
});

describe('statementKind', () => {
  it.each([
    ['INSERT INTO t FORMAT CSV', { takesData: true, namesFormat: false, isText: false, givesRows: false }],
    ['insert into t (a) format CSV\n', { takesData: true, namesFormat: false, isText: false, givesRows: false }],
    ['INSERT INTO t FORMAT CSV\n1', { takesData: false, namesFormat: false, isText: false, givesRows: false }],
    ["INSERT INTO t VALUES ('FORMAT')", { takesData: false, namesFormat: false, isText: false, givesRows: false }],
    ['SELECT 1 FORMAT CSV', { takesData: false, namesFormat: true, isText: false, givesRows: true }],
    ['-- c\nEXPLAIN SELECT 1', { takesData: false, namesFormat: false, isText: true, givesRows: true }],
    ['SHOW CREATE STREAM t', { takesData: false, namesFormat: false, isText: true, givesRows: true }],
    ['EXPLAIN SELECT 1 FORMAT JSONEachRow', { takesData: false, namesFormat: true, isText: false, givesRows: true }],
    ['CREATE STREAM t (a int8)', { takesData: false, namesFormat: false, isText: false, givesRows: false }],
  ])('%j', (text, kind) => {
    expect(statementKind(text)).toEqual(kind);
  });
});

describe('ResultObserver', () => {
  const see = (format: string, ...pieces: string[]) => {
    const observer = new ResultObserver(format);
    for (const piece of pieces) observer.see(Buffer.from(piece));
    return observer;
  };

  it('counts rows of formats that write a row a line', () => {
    expect(see('TabSeparated', '1\n2', '\n').rows).toBe(2);
    expect(see('TabSeparatedWithNames', 'n\n1\n').rows).toBe(1);
    expect(see('JSONCompactEachRowWithNamesAndTypes', '["n"]\n["int8"]\n').rows).toBe(0);
    expect(see('CSV', '"a\nb"\n').rows).toBeNull();
  });

  it('counts rows of tables, and closes one that stands open', () => {
    const table = '┌─n─┬──s─┐\n│ 1 │ é  │\n│ 2 │ b  │\n';
    expect(see('PrettyCompact', table)).toMatchObject({ rows: 2, closingBorder: '└───┴────┘' });
    expect(see('PrettyCompact', table, '└───┴────┘\n')).toMatchObject({ rows: 2, closingBorder: '' });
  });
});
