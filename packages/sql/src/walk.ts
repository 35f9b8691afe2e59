import { unreachable } from '@millrace/core';
import type { Expression } from './ast.ts';

/**
 * The expression with `change` applied to its direct parts. Subqueries are scopes of their own and are left as they are.
 * Returns the same object if no part changed.
 */
function mapParts(expression: Expression, change: (part: Expression) => Expression): Expression {
  const all = (parts: readonly Expression[]) => mapList(parts, change);
  switch (expression.kind) {
    case 'null':
    case 'boolean':
    case 'number':
    case 'string':
    case 'column':
    case 'star':
    case 'placeholder':
    case 'subquery':
      return expression;
    case 'interval':
      return merge(expression, { amount: change(expression.amount) });
    case 'call':
      return merge(expression, { parameters: all(expression.parameters), arguments: all(expression.arguments) });
    case 'binary':
      return merge(expression, { left: change(expression.left), right: change(expression.right) });
    case 'unary':
    case 'is_null':
    case 'cast':
    case 'member':
    case 'json_path':
      return merge(expression, { operand: change(expression.operand) });
    case 'between':
      return merge(expression, { operand: change(expression.operand), low: change(expression.low), high: change(expression.high) });
    case 'in':
      return merge(expression, { operand: change(expression.operand), list: all(expression.list) });
    case 'like':
      return merge(expression, { operand: change(expression.operand), pattern: change(expression.pattern) });
    case 'case':
      return mapCase(expression, change);
    case 'subscript':
      return merge(expression, { operand: change(expression.operand), index: change(expression.index) });
    case 'array':
    case 'tuple':
      return merge(expression, { elements: all(expression.elements) });
    case 'lambda':
      return merge(expression, { body: change(expression.body) });
    default:
      return unreachable(expression);
  }
}

function mapCase(expression: Extract<Expression, { kind: 'case' }>, change: (part: Expression) => Expression): Expression {
  const operand = expression.operand && change(expression.operand);
  const branches = expression.branches.map((branch) => {
    const [when, then] = [change(branch.when), change(branch.then)];
    return merge(branch, { when, then });
  });
  const otherwise = expression.otherwise && change(expression.otherwise);
  const isSame = branches.every((branch, index) => branch === expression.branches[index]);
  return merge(expression, { operand, branches: isSame ? expression.branches : branches, otherwise });
}

function mapList(parts: readonly Expression[], change: (part: Expression) => Expression): readonly Expression[] {
  const changed = parts.map(change);
  return changed.every((part, index) => part === parts[index]) ? parts : changed;
}

/** `node` with `parts` in place of its own, or `node` itself if they are the same. */
function merge<Node extends object>(node: Node, parts: Partial<Node>): Node {
  const isSame = Object.entries(parts).every(([name, part]) => node[name as keyof Node] === part);
  return isSame ? node : Object.freeze({ ...node, ...parts });
}

/**
 * Rebuilds an expression from the leaves up: `change` gets each node, its parts changed already, and returns what stands in its place.
 * Nodes without a change are shared, not copied. Does not enter subqueries: they are scopes of their own.
 */
export function mapExpression(expression: Expression, change: (node: Expression) => Expression): Expression {
  return change(mapParts(expression, (part) => mapExpression(part, change)));
}

/**
 * Visits an expression and its parts, each node before its parts, in the order in which they are written.
 * If `visit` returns false the parts of that node are passed over. Does not enter subqueries: they are scopes of their own.
 */
export function walkExpression(expression: Expression, visit: (node: Expression) => unknown): void {
  if (visit(expression) === false) return;
  mapParts(expression, (part) => {
    walkExpression(part, visit);
    return part;
  });
}
