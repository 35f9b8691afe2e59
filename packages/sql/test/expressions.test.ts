import { parseExpression, parseQuery, print, walkExpression } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { lisp } from './lisp.ts';

const shapes: readonly [sql: string, shape: string][] = [
  // precedence, from the loosest to the tightest
  ['a OR b AND c', '(or a (and b c))'],
  ['a AND b OR c', '(or (and a b) c)'],
  ['NOT a AND b', '(and (not a) b)'],
  ['NOT a = b', '(not (= a b))'],
  ['NOT NOT a', '(not (not a))'],
  ['a AND NOT b = c OR d', '(or (and a (not (= b c))) d)'],
  ['a = b || c', '(= a (|| b c))'],
  ['a || b + c', '(|| a (+ b c))'],
  ['a + b * c - d', '(- (+ a (* b c)) d)'],
  ['a - b - c', '(- (- a b) c)'],
  ['a / b % c', '(% (/ a b) c)'],
  ['-a * b', '(* (- a) b)'],
  ['- -a', '(- (- a))'],
  ['a - -b', '(- a (- b))'],
  ['+a', '(+ a)'],
  ['-x::int8', '(- (cast x int8))'],
  ['-a[1]', '(- (at a 1))'],
  ['(a + b) * c', '(* (+ a b) c)'],
  ['a <> b', '(!= a b)'],
  ['a != b', '(!= a b)'],
  ['a<=b', '(<= a b)'],
  ['a>=b', '(>= a b)'],
  ['a = b = c', '(= (= a b) c)'],
  // word operators
  ['a IS NULL', '(null? a)'],
  ['a is not null and b is null', '(and (not-null? a) (null? b))'],
  ['NOT a IS NULL', '(not (null? a))'],
  ['a + b IS NULL', '(null? (+ a b))'],
  ['a IN (1, 2,)', '(in a (1 2))'],
  ['a NOT IN (1)', '(not-in a (1))'],
  ['a IN [1, 2]', '(in a ((array 1 2)))'],
  ['a in ((1, 2), (3, 4))', '(in a ((tuple 1 2) (tuple 3 4)))'],
  ['a IN (SELECT b FROM s) OR c', '(or (in a query) c)'],
  ['a BETWEEN 1 AND 2 AND b', '(and (between a 1 2) b)'],
  ['a NOT BETWEEN b + 1 AND c || d', '(not-between a (+ b 1) (|| c d))'],
  ['a BETWEEN (b BETWEEN 1 AND 2) AND 3', '(between a (between b 1 2) 3)'],
  ['a BETWEEN CASE WHEN b AND c THEN 1 END AND 5', '(between a (case ((and b c) 1)) 5)'],
  ['a BETWEEN 1 AND 2 = c', '(= (between a 1 2) c)'],
  ["a LIKE 'x%' AND b NOT ILIKE c || 'y'", '(and (like a "x%") (not-ilike b (|| c "y")))'],
  ["NOT a LIKE 'x'", '(not (like a "x"))'],
  ["like(a, 'x') AND NOT like(b, 'y')", '(and (like a "x") (not (like b "y")))'],
  ['CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END + 1', '(+ (case (a 1) (b 2) else 3) 1)'],
  ['case x when 1 then y end', '(case x (1 y))'],
  // literals
  ["'it''s'", '"it\'s"'],
  ["'a\\'b\\\\c\\n\\x41\\d\\%'", JSON.stringify("a'b\\c\nA\\d\\%")],
  ["'-- no comment'", '"-- no comment"'],
  ["$$ raw ' \\n $$", JSON.stringify(" raw ' \\n ")],
  ['$tag$ a $$ b $tag$', '" a $$ b "'],
  ['1e3 + .5 + 5. + 0xFF + 1E-2', '(+ (+ (+ (+ 1e3 .5) 5.) 0xFF) 1E-2)'],
  ['18446744073709551615', '18446744073709551615'],
  ['NULL', 'null'],
  ['True', 'true'],
  ['[1, [2], []]', '(array 1 (array 2) (array))'],
  ['(1, a)', '(tuple 1 a)'],
  ['(1,)', '(tuple 1)'],
  // intervals and durations
  ['INTERVAL 5 SECOND', '(second 5)'],
  ["interval '5' seconds", '(second 5)'],
  ["INTERVAL '2 hours'", '(hour 2)'],
  ['INTERVAL a + 1 DAY', '(day (+ a 1))'],
  ['INTERVAL -1 MONTH', '(month (- 1))'],
  ['INTERVAL {n:int} YEAR', '(year {n:int})'],
  ['now() - INTERVAL 1 HOUR + 2', '(+ (- (now) (hour 1)) 2)'],
  ['1M + 1m', '(+ (month 1) (minute 1))'],
  [
    'f(5ns, 5us, 500ms, 5s, 2h, 1d, 1w, 1q, 1y)',
    '(f (nanosecond 5) (microsecond 5) (millisecond 500) (second 5) (hour 2) (day 1) (week 1) (quarter 1) (year 1))',
  ],
  ['5S + 2H', '(+ (second 5) (hour 2))'],
  ['interval + 1', '(+ interval 1)'],
  // names
  ['s.a.b', 's.a.b'],
  ['"two words".`x`', '«two words».«x»'],
  ['"say ""hi"""', '«say "hi"»'],
  ['größe_1 + 温度', '(+ größe_1 温度)'],
  ['s.from', 's.from'],
  ['t.1.2', '(. (. t 1) 2)'],
  ['f(x).name', '(. (f x) name)'],
  ['(a).b', '(. a b)'],
  ['a[b + 1][2].c', '(. (at (at a (+ b 1)) 2) c)'],
  // JSON paths
  ['raw:a.b.c', '(: raw a b c)'],
  ['raw:a[0].b::int', '(cast (: raw a 0 b) int)'],
  ['s.raw:"two words".and', '(: s.raw two words and)'],
  ['(raw:a)[1]', '(at (: raw a) 1)'],
  // casts and types
  ["x::DateTime64(3, 'UTC')", "(cast x DateTime64(3, 'UTC'))"],
  ['CAST(a + b AS array(tuple(a int32, b string)))', '(cast (+ a b) array(tuple(a int32, b string)))'],
  ["cast(x, 'decimal(10, 2)')", '(cast x decimal(10, 2))'],
  ['a::int::string', '(cast (cast a int) string)'],
  // calls
  ['count(*)', '(count *)'],
  ['count()', '(count)'],
  ['count(s.*)', '(count s.*)'],
  ['count(DISTINCT a, b)', '(count distinct a b)'],
  ['quantile(0.9)(x)', '(quantile (with 0.9) x)'],
  ['if(a, b, c) + left(d, 1) + format(e)', '(+ (+ (if a b c) (left d 1)) (format e))'],
  ['f((SELECT 1), g(h()))', '(f query (g (h)))'],
  // lambdas, placeholders, subqueries
  ['array_map(x -> x * 2, a)', '(array_map (fn (x) (* x 2)) a)'],
  ['(x, y) -> x AND y', '(fn (x y) (and x y))'],
  ['x -> y -> x + y', '(fn (x) (fn (y) (+ x y)))'],
  ['a = {name:array(string)}', '(= a {name:array(string)})'],
  ['(SELECT max(x) FROM t) > 1', '(> query 1)'],
  ['a /* + b */ + -- c\n d', '(+ a d)'],
];

describe('an expression', () => {
  it.each(shapes)('%j is %s', (sql, shape) => {
    expect(lisp(parseExpression(sql))).toBe(shape);
  });

  it('has positions that span its text, brackets included', () => {
    const sql = "(a + b) * NOT_SO(c IS NOT NULL, 'ü', -(1), x IN (1, 2), y BETWEEN 1 AND 2)";
    const spans: string[] = [];
    walkExpression(parseExpression(sql), ({ start, end }) => {
      spans.push(sql.slice(start, end));
    });
    expect(spans).toEqual([
      sql,
      '(a + b)',
      'a',
      'b',
      "NOT_SO(c IS NOT NULL, 'ü', -(1), x IN (1, 2), y BETWEEN 1 AND 2)",
      'c IS NOT NULL',
      'c',
      "'ü'",
      '-(1)',
      '(1)',
      'x IN (1, 2)',
      'x',
      '1',
      '2',
      'y BETWEEN 1 AND 2',
      'y',
      '1',
      '2',
    ]);
  });

  it('is frozen', () => {
    const tree = parseExpression('f(a, [1])');
    expect(Object.isFrozen(tree)).toBe(true);
    expect(tree.kind === 'call' && Object.isFrozen(tree.arguments)).toBe(true);
  });
});

describe('printing', () => {
  it.each([
    ['((a)) + (b * c)', 'a + b * c'],
    ['(a + b) * c', '(a + b) * c'],
    ['a - (b - c)', 'a - (b - c)'],
    ['not (a and b)', 'NOT (a AND b)'],
    ['- -a', '-(-a)'],
    ['x::int', 'CAST(x AS int)'],
    ['5s', 'INTERVAL 5 SECOND'],
    ["'a''b'", "'a''b'"],
    ['`a b`', '"a b"'],
    ['(raw:a)[1]', '(raw:a)[1]'],
    ['x -> (y, z)', 'x -> (y, z)'],
  ])('%j gives %j', (sql, printed) => {
    expect(print(parseExpression(sql))).toBe(printed);
  });

  it('quotes unquoted names that are keywords', () => {
    const query = parseQuery('SELECT a AS b FROM s');
    const renamed = {
      ...query,
      selects: query.selects.map((select) => ({
        ...select,
        items: select.items.map((item) => ({ ...item, alias: { ...item.alias!, name: 'from' } })),
      })),
    };
    expect(print(renamed)).toBe('SELECT a AS "from" FROM s');
  });
});
