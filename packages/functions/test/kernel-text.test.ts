import type { DataType } from '@millrace/data';
import { describe, expect, it } from 'vitest';
import { scalarFunction } from '../src/index.ts';

/** The JavaScript that a call becomes. */
function textOf(name: string, types: readonly DataType['kind'][], texts: readonly string[]): string {
  const { kernel } = scalarFunction(name)!.resolve(types.map((kind) => ({ type: { kind } as DataType })));
  return kernel.kind === 'code' ? kernel.emit(...texts) : kernel.kind;
}

describe('kernels of JavaScript text', () => {
  it('make one BigInt where the result fits a double, and wrap where it may not', () => {
    expect(textOf('plus', ['int32', 'int32'], ['a', 'b'])).toBe('BigInt(a + b)');
    expect(textOf('multiply', ['int32', 'int32'], ['a', 'b'])).toBe('BigInt.asIntN(64, BigInt(a) * BigInt(b))');
    expect(textOf('plus', ['int64', 'int8'], ['a', '(-5)'])).toBe('BigInt.asIntN(64, a + (-5n))');
    expect(textOf('plus', ['int16', 'uint8'], ['a', 'b'])).toBe('(a + b)');
  });

  it('compare a literal with a BigInt as a BigInt', () => {
    expect(textOf('less', ['uint64', 'uint8'], ['a', '5'])).toBe('(a < (5n))');
    expect(textOf('equals', ['int8', 'int64'], ['(-5)', 'b'])).toBe('((-5n) == b)');
    expect(textOf('equals', ['int32', 'float64'], ['a', 'b'])).toBe('(a == b)');
  });

  it('of lazy functions use each argument at most once, so that it may be any expression', () => {
    const bools = ['bool', 'bool', 'bool'] as const;
    for (const name of ['if', 'multi_if', 'coalesce', 'and', 'or']) {
      for (const nullable of [false, true]) {
        const type: DataType = nullable ? { kind: 'nullable', inner: { kind: 'bool' } } : { kind: 'bool' };
        const resolved = scalarFunction(name)!.resolve(bools.map(() => ({ type })));
        expect(resolved.lazy, name).toBe(true);
        const text = resolved.kernel.kind === 'code' ? resolved.kernel.emit('FIRST', 'SECOND', 'THIRD') : '';
        for (const argument of ['FIRST', 'SECOND', 'THIRD']) expect(text.split(argument).length, `${name}: ${text}`).toBe(2);
      }
    }
  });

  it('do not compute the branch that is not taken', () => {
    const { kernel } = scalarFunction('if')!.resolve((['bool', 'uint8', 'uint8'] as const).map((kind) => ({ type: { kind } })));
    const text = kernel.kind === 'code' ? kernel.emit('true', '1', 'fail()') : '';
    const fail = () => {
      throw new Error('computed');
    };
    expect(new Function('fail', `return ${text}`)(fail)).toBe(1);
  });
});
