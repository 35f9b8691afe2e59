import { MillraceError } from '@millrace/core';
import type { DataType } from '@millrace/data';
import { describe, expect, it } from 'vitest';
import { defineFunction, inline } from '../src/define-function.ts';
import type { ScalarFunction } from '../src/definition.ts';
import { parseSignature } from '../src/signature.ts';

const type = (kind: string) => ({ kind }) as DataType;
const nullableOf = (kind: string): DataType => ({ kind: 'nullable', inner: type(kind) });

function define(signature: string | readonly string[], more: { nulls?: 'propagate' | 'manual' } = {}): ScalarFunction {
  return defineFunction({ name: 'f', signature, help: 'Help.', examples: [], kernel: inline((x) => x!), ...more });
}

const resolve = (definition: ScalarFunction, ...types: DataType[]) => definition.resolve(types.map((each) => ({ type: each })));

describe('the signature language', () => {
  it('knows optional, variadic and constant parameters, alternatives and type variables', () => {
    const { parameters, returns } = parseSignature('(a const string, b array(T)|map(K, V), [c index...]) -> array(T)');
    expect(parameters.map(({ name, optional, variadic, constant }) => [name, optional, variadic, constant])).toEqual([
      ['a', false, false, true],
      ['b', false, false, false],
      ['c', true, true, false],
    ]);
    expect(parameters[1]!.pattern.kind).toBe('union');
    expect(returns).toEqual({ kind: 'array', element: { kind: 'variable', name: 'T' } });
  });

  it('refuses words that it does not know', () => {
    expect(() => parseSignature('(a strng) -> bool')).toThrow('strng is no word of the signature language');
    expect(() => parseSignature('a string -> bool')).toThrow(MillraceError);
  });

  it('gives people the words that they know', () => {
    expect(define('(text string, start index) -> string').signature).toBe('(text string, start integer) -> string');
  });
});

describe('matching', () => {
  it('binds a variable to the common type of all that it stands for', () => {
    const definition = define('(a T, b array(T)) -> T');
    const resolved = resolve(definition, type('uint8'), { kind: 'array', element: type('int32') });
    expect(resolved.returns).toEqual(type('int32'));
    expect(resolved.argumentTypes).toEqual([type('int32'), { kind: 'array', element: type('int32') }]);
    expect(() => resolve(definition, type('string'), { kind: 'array', element: type('int32') })).toThrow(
      /f does not take \(string, array\(int32\)\); it takes arguments of one common type/,
    );
  });

  it('takes nullable off under propagate, and leaves it on under manual', () => {
    expect(resolve(define('(a number) -> bool'), nullableOf('int8')).argumentTypes).toEqual([type('int8')]);
    expect(resolve(define('(a number) -> bool', { nulls: 'manual' }), nullableOf('int8')).argumentTypes).toEqual([nullableOf('int8')]);
  });

  it('takes a bare NULL everywhere', () => {
    expect(resolve(define('(a array(string), b time) -> int8'), nullableOf('nothing'), nullableOf('nothing')).returns).toEqual(
      type('int8'),
    );
    expect(resolve(define('(a number) -> the same type'), nullableOf('nothing')).returns).toEqual(type('nothing'));
  });

  it('tries the overloads in order', () => {
    const definition = define(['(a string) -> int8', '(a number, b number) -> int16']);
    expect(resolve(definition, type('string')).returns).toEqual(type('int8'));
    expect(resolve(definition, type('int8'), type('float32')).returns).toEqual(type('int16'));
    expect(() => resolve(definition)).toThrow('f does not take 0 arguments; it is f(a string) -> int8 or f(a number, b number) -> int16');
    expect(() => resolve(definition, type('date'))).toThrow('f does not take date as argument 1; it takes string: f(a string) -> int8');
  });

  it('asks for a constant where one is needed', () => {
    expect(() => resolve(define('(a const string) -> bool'), type('string'))).toThrow(
      expect.objectContaining({ code: 'PLAN_ARGUMENT_INVALID', message: 'f: argument 1 (a) must be a constant' }),
    );
  });
});
