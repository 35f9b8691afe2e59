import { MillraceError } from '@millrace/core';
import { formatDataType, removeNullable } from '@millrace/data';
import { column, constant } from '../expression/build.ts';
import { expressionKey } from '../expression/expression-key.ts';
import { walkPlanExpression } from '../expression/map-plan-expression.ts';
import type { PlanExpression, PlanNode } from '../plan.ts';

/**
 * The `array_join` calls of one SELECT, in the order in which they are bound, so that the first unfolds outermost. Each becomes a
 * column behind those of the input; equal ones are one. An argument may use the columns of those before it.
 */
export class ArrayJoins {
  readonly #inputWidth: number;
  readonly #arrays: PlanExpression[] = [];
  readonly #indexes = new Map<string, number>();

  constructor(inputWidth: number) {
    this.#inputWidth = inputWidth;
  }

  /** The element as a column. @throws {MillraceError} PLAN_EXPRESSION_UNEXPECTED, NOT_SUPPORTED, PLAN_ARGUMENT_TYPE without position. */
  add(given: PlanExpression): PlanExpression {
    const array = removeNullable(given.type).kind === 'nothing' ? emptyArray : given;
    const key = expressionKey(array);
    let index = this.#indexes.get(key);
    if (index === undefined) {
      this.#check(array);
      index = this.#inputWidth + this.#arrays.push(array) - 1;
      this.#indexes.set(key, index);
    }
    return column(index, elementType(array));
  }

  #check(array: PlanExpression): void {
    const width = this.#inputWidth + this.#arrays.length;
    walkPlanExpression(array, (node) => {
      if (node.kind === 'parameter') {
        throw new MillraceError('PLAN_EXPRESSION_UNEXPECTED', 'array_join stands in a lambda whose parameter it unfolds');
      }
      if (node.kind !== 'column' || (node.index >= 0 && node.index < width)) return;
      const what = node.index < 0 ? 'an aggregate' : 'a window column';
      const hint = 'unfold the result of a subquery: SELECT array_join(a) FROM (SELECT … AS a …)';
      throw new MillraceError('NOT_SUPPORTED', `array_join of ${what} of the same SELECT is not supported`, { hint });
    });
  }

  /** The rows of `input`, unfolded. */
  over(input: PlanNode, nameOf: (array: PlanExpression, input: PlanNode) => string): PlanNode {
    return this.#arrays.reduce((node: PlanNode, array): PlanNode => {
      const element = { name: nameOf(array, node), type: elementType(array) };
      return { node: 'unnest', schema: [...node.schema, element], input: node, array };
    }, input);
  }
}

/** A bare NULL unfolds as an empty array does. */
const emptyArray = constant({ kind: 'array', element: { kind: 'nothing' } }, []);

function elementType(array: PlanExpression): PlanExpression['type'] {
  const type = removeNullable(array.type);
  if (type.kind === 'array') return type.element;
  const message = `array_join takes an array, not ${formatDataType(array.type)}`;
  throw new MillraceError('PLAN_ARGUMENT_TYPE', message, { details: { argument: 1 } });
}
