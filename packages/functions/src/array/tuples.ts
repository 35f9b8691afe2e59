import { wrongValue } from '../argument-error.ts';
import { type BoundCall, bindArguments, constantAt, defineFunction, inline } from '../define-function.ts';

const tupleSignature = '(elements any...) -> tuple';

export const tuple = defineFunction({
  name: 'tuple',
  aliases: ['tuple_cast'],
  signature: tupleSignature,
  help: 'The tuple of the arguments (also written (a, b)).',
  examples: [
    ["(1, 'a')", [1, 'a']],
    ['tuple(1)', [1]],
    ['tuple(1, NULL)', [1, null]],
  ],
  see: 'ClickHouse: tuple',
  resolve(args) {
    bindArguments('tuple', tupleSignature, args);
    const argumentTypes = args.map((argument) => argument.type);
    return {
      returns: { kind: 'tuple', elements: argumentTypes.map((type) => ({ name: null, type })) },
      argumentTypes,
      nulls: 'manual',
      kernel: inline((...elements) => `[${elements.join(', ')}]`),
    };
  },
});

const elementName = (call: BoundCall): number => {
  const type = call.types[0]!;
  const given = constantAt(call, 1);
  if (type.kind !== 'tuple') return 0;
  const index = typeof given === 'string' ? type.elements.findIndex(({ name }) => name === given) : Number(given) - 1;
  if (type.elements[index] !== undefined) return index;
  const names = type.elements.map(({ name }, i) => name ?? String(i + 1)).join(', ');
  throw wrongValue('tuple_element', `there is no element ${given}; elements are ${names}`);
};

export const tupleElement = defineFunction({
  name: 'tuple_element',
  signature: '(value tuple, element const integer|string) -> the type of the element',
  help: 'The element of a tuple by number (from 1) or name (also written t.1, t.name).',
  examples: [
    ["tuple_element((1, 'a'), 2)", 'a'],
    ["(1, 'a').1", 1],
    ['tuple_element(tuple(NULL), 1)', null],
  ],
  nulls: 'manual',
  returns: (call) =>
    call.types[0]!.kind === 'tuple' ? call.types[0].elements[elementName(call)]!.type : { kind: 'nullable', inner: { kind: 'nothing' } },
  kernel: (call) => {
    const index = elementName(call);
    return inline((value) => `(${value} === null ? null : ${value}[${index}])`);
  },
  see: 'ClickHouse: tupleElement',
});
