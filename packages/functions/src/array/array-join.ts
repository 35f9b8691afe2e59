import type { Value } from '@millrace/data';
import { defineFunction, perRow } from '../define-function.ts';

export const arrayJoin = defineFunction({
  name: 'array_join',
  signature: '(items array(T)) -> T',
  help: 'Unfolds the row into one row for each element of the array, none for an empty one; several unfold into all combinations, and the same expression twice is one unfolding.',
  examples: [
    ['array_join([1, 2, 3])', [1, 2, 3]],
    ["array_join(split_by_string(',', 'a,b'))", ['a', 'b']],
    ['array_join([1, NULL])', [1, null]],
    ['array_join([])', []],
  ],
  unfolds: true,
  returns: ({ types }) => (types[0]!.kind === 'array' ? types[0]!.element : types[0]!),
  kernel: perRow((items: readonly Value[]) => items),
  see: 'ClickHouse: arrayJoin',
});
