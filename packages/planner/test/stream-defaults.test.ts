import type { MillraceError } from '@millrace/core';
import { describe, expect, it } from 'vitest';
import { PlanExpressionPrinter } from '../src/explain/print-plan-expression.ts';
import { defaultsFor, type StreamDefaults } from '../src/index.ts';
import { contextOf, devices, logs, orders, stream } from './devices.ts';

function printed({ schema, expressions, eventTime }: StreamDefaults) {
  const printer = new PlanExpressionPrinter(schema, { timezone: 'UTC' });
  return { expressions: expressions.map((expression) => printer.print(expression)), eventTime: printer.print(eventTime) };
}

const fallbacks = ({ decode }: StreamDefaults) => Object.fromEntries(decode.map(({ name, fallback }) => [name, fallback]));

describe('the columns of a stream', () => {
  it('stand in for missing fields by a constant DEFAULT, else by the default of the type', () => {
    expect(fallbacks(defaultsFor(orders, contextOf('')))).toMatchObject({
      id: { kind: 'value', value: 0n },
      amount: { kind: 'value', value: 1 },
    });
    expect(fallbacks(defaultsFor(logs, contextOf('')))).toMatchObject({ tags: { kind: 'value', value: [] }, note: { kind: 'null' } });
  });

  it('compute a DEFAULT that uses other columns where the field is missing', () => {
    const defaults = defaultsFor(orders, contextOf(''));
    expect(fallbacks(defaults)).toMatchObject({ total: { kind: 'null' } });
    expect(printed(defaults).expressions[3]).toBe('coalesce(total, price * amount)');
  });

  it('see the DEFAULTs of the columns that a DEFAULT uses', () => {
    const chain = stream('chain', [
      ['c', 'int32', 'b + 1'],
      ['b', 'int32', 'a + 1'],
      ['a', 'int32'],
    ]);
    expect(printed(defaultsFor(chain, contextOf(''))).expressions[0]).toBe(
      'coalesce(c, CAST(coalesce(b, CAST(a + 1 AS int32)) + 1 AS int32))',
    );
  });

  it('refuse DEFAULTs that use each other in a circle', () => {
    const circle = stream('circle', [
      ['a', 'int32', 'b'],
      ['b', 'int32', 'a'],
    ]);
    expect(() => defaultsFor(circle, contextOf(''))).toThrow('the defaults of columns use each other in a circle: a → b → a');
  });

  it('show the DEFAULT itself in an error about it', () => {
    const wrong = stream('wrong', [['a', 'int32', 'nope + 1']]);
    expect(() => defaultsFor(wrong, contextOf('SELECT 1'))).toThrow(expect.objectContaining({ source: 'nope + 1' }) as MillraceError);
  });
});

describe('the event time', () => {
  it('is required of records where its column has no DEFAULT', () => {
    expect(fallbacks(defaultsFor(orders, contextOf(''))).at).toEqual({ kind: 'refuse' });
  });

  it('is a field _tp_time where no column is declared, NULL if it is missing', () => {
    const defaults = defaultsFor(logs, contextOf(''));
    expect(defaults.decode.at(-1)).toMatchObject({ name: '_tp_time', fallback: { kind: 'null' } });
    expect(defaults.eventTime.type.kind).toBe('nullable');
  });

  it('of a declared _time is the clock in an insert, and left open for the record timestamp in a scan', () => {
    expect(printed(defaultsFor(devices, contextOf(''), 'insert')).expressions[4]).toBe('coalesce(_time, now64(3))');
    expect(printed(defaultsFor(devices, contextOf(''), 'scan')).expressions[4]).toBe('_time');
  });

  it('is in ms whatever the precision of its column', () => {
    const fine = stream('fine', [['at', 'datetime64(6)']], { eventTimeColumn: 'at' });
    expect(defaultsFor(fine, contextOf('')).eventTime.type).toEqual({ kind: 'datetime64', precision: 3, zone: 'UTC' });
  });
});
