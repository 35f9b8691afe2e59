import { scalarFunction } from '@millrace/functions';
import type { PlanExpression } from '../plan.ts';
import { walkPlanExpression } from './map-plan-expression.ts';

/** A text that is the same for expressions that compute the same from the same columns. */
export function expressionKey(expression: PlanExpression): string {
  return new KeyWriter().write(expression);
}

/** Any plan value (types, constants, …) as a text: equal texts, equal values. */
export function plainKey(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return { bigint: String(part) };
    if (part instanceof Map) return { map: [...part] };
    if (typeof part === 'number' && (!Number.isFinite(part) || Object.is(part, -0)))
      return { number: Object.is(part, -0) ? '-0' : String(part) };
    return part;
  });
}

class KeyWriter {
  /** Lambda parameters count by where they are bound, so that two equal lambdas have one key. */
  readonly #parameters = new Map<number, number>();

  write(expression: PlanExpression): string {
    switch (expression.kind) {
      case 'constant':
        return `${plainKey(expression.type)}${plainKey(expression.value)}`;
      case 'column':
        return `#${expression.index}`;
      case 'parameter':
        return `$${this.#parameters.get(expression.id)}`;
      case 'cast':
        return `cast(${this.write(expression.operand)},${plainKey(expression.type)})`;
      case 'lambda': {
        for (const { id } of expression.parameters) this.#parameters.set(id, this.#parameters.size);
        return `lambda(${expression.parameters.length},${this.write(expression.body)})`;
      }
      case 'call':
        return `${expression.function}(${expression.arguments.map((argument) => this.write(argument)).join(',')})`;
    }
  }
}

/** False if the expression may give another value each time it is computed (`now`, `rand`). */
export function isDeterministic(expression: PlanExpression): boolean {
  let deterministic = true;
  walkPlanExpression(expression, (node) => {
    if (node.kind === 'call' && scalarFunction(node.function)?.deterministic === false) deterministic = false;
  });
  return deterministic;
}
