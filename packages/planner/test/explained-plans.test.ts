import { describe, expect, it } from 'vitest';
import { explainPlan } from '../src/index.ts';
import { readCases } from './cases.ts';
import { checkPlan } from './check-plan.ts';
import { plan } from './devices.ts';

describe('a query becomes the plan that stands below it', () => {
  it.each(readCases('explained-plans.txt'))('$sql', ({ sql, expected }) => {
    expect(explainPlan(plan(sql))).toBe(expected);
  });
});

describe('every plan', () => {
  const plans = readCases('explained-plans.txt').map(({ sql }) => plan(sql));

  it('is plain data that crosses a thread border unchanged', () => {
    for (const each of plans) expect(structuredClone(each)).toEqual(each);
  });

  it('refers to columns that are there, of the types that they have', () => {
    for (const each of plans) checkPlan(each.root);
  });

  it('is the same when the query is planned again', () => {
    for (const { sql } of readCases('explained-plans.txt')) expect(plan(sql)).toEqual(plan(sql));
  });
});
