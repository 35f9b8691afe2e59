import { keywords, tokenize } from '@millrace/sql';
import { expect, it } from 'vitest';

it('colours keywords, names, literals, operators and comments', () => {
  const text = `select "a b", größe, f('x''y', 1.5e3, 5s) -- note\nFROM s /* c */ WHERE a->b`;
  expect(tokenize(text).map(({ kind, text: piece }) => `${kind} ${piece}`)).toEqual([
    'keyword select',
    'identifier "a b"',
    'operator ,',
    'identifier größe',
    'operator ,',
    'identifier f',
    'operator (',
    "string 'x''y'",
    'operator ,',
    'number 1.5e3',
    'operator ,',
    'number 5s',
    'operator )',
    'comment -- note',
    'keyword FROM',
    'identifier s',
    'comment /* c */',
    'keyword WHERE',
    'identifier a',
    'operator ->',
    'identifier b',
  ]);
});

it('shows what is not closed as invalid, to the end of the text', () => {
  expect(tokenize("SELECT 'abc").at(-1)).toEqual({ kind: 'invalid', start: 7, end: 11, text: "'abc" });
});

it('leaves the data behind INSERT … FORMAT whole', () => {
  expect(tokenize('INSERT INTO s FORMAT CSV\n1,"x').at(-1)).toMatchObject({ kind: 'data', text: '1,"x' });
});

it('lists the keywords in order, each once', () => {
  expect(keywords).toEqual([...new Set(keywords)].sort());
});
