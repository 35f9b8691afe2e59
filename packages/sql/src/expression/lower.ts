import type { Expression } from '../ast.ts';
import type { Parser } from '../parser.ts';
import type { JsepNode } from './jsep-engine.ts';
import type { Operand } from './operand.ts';
import { type Operation, operatorsByMark, unaryMarks } from './operators.ts';

type Node = JsepNode<Operand>;
type BinaryNode = Extract<Node, { type: 'BinaryExpression' }>;

/** Turns jsep's tree into ours: the marks become node kinds, the empty places go, the bounds join their BETWEEN. */
export function lowerExpression(p: Parser, node: Node, level = 0): Expression {
  p.assertNesting(p.nesting + level);
  if (node.type === 'Operand') return lowerOperand(p, node.operand);
  if (node.type === 'BinaryExpression') return lowerBinary(p, node, level + 1);
  const operand = lowerExpression(p, node.argument, level + 1);
  return { kind: 'unary', operator: unaryMarks[node.operator]!, operand, start: node.start, end: operand.end };
}

function lowerOperand(p: Parser, operand: Operand): Expression {
  if (operand.kind === 'expression') return operand.expression;
  if (operand.kind === 'empty') {
    throw p.error(operand, 'NOT stands behind an operator that binds more tightly', 'put it in brackets: (NOT …)');
  }
  throw p.error(operand, 'a list stands here without its IN');
}

function lowerBinary(p: Parser, node: BinaryNode, level: number): Expression {
  const { operation } = operatorsByMark.get(node.operator)!;
  if (operation.kind === 'not') return lowerNot(p, node, level);
  const operand = lowerExpression(p, node.left, level);
  if (operation.kind === 'is_null') {
    return { kind: 'is_null', operand, negated: operation.negated, start: operand.start, end: emptyEnd(node.right) };
  }
  return lowerTwoSided(p, operation, operand, node.right, level);
}

function lowerNot(p: Parser, node: BinaryNode, level: number): Expression {
  const place = node.left;
  if (place.type !== 'Operand' || place.operand.kind !== 'empty') {
    lowerExpression(p, place, level);
    throw p.error(p.token, 'NOT stands where an operator is expected');
  }
  const operand = lowerExpression(p, node.right, level);
  return { kind: 'unary', operator: 'not', operand, start: place.operand.start, end: operand.end };
}

function emptyEnd(node: Node): number {
  return node.type === 'Operand' && node.operand.kind === 'empty' ? node.operand.end : 0;
}

function lowerTwoSided(
  p: Parser,
  operation: Exclude<Operation, { kind: 'not' | 'is_null' }>,
  left: Expression,
  rightNode: Node,
  level: number,
): Expression {
  const { start } = left;
  if (operation.kind === 'in') return lowerIn(p, operation.negated, left, rightNode);
  if (operation.kind === 'between') return lowerBetween(p, operation.negated, left, rightNode, level);
  const right = lowerExpression(p, rightNode, level);
  if (operation.kind === 'binary') return { ...operation, left, right, start, end: right.end };
  if (operation.kind === 'like') return { ...operation, operand: left, pattern: right, start, end: right.end };
  throw p.error({ start: right.start, end: right.end }, 'AND stands in the bounds of a BETWEEN', betweenHint);
}

function lowerIn(p: Parser, negated: boolean, operand: Expression, right: Node): Expression {
  if (right.type !== 'Operand' || right.operand.kind !== 'list') throw p.error(operand, 'IN stands without its list');
  const { list, subquery, end } = right.operand;
  return { kind: 'in', operand, list, subquery, negated, start: operand.start, end };
}

const betweenHint = 'write x BETWEEN low AND high; comparisons inside the bounds need brackets';

function lowerBetween(p: Parser, negated: boolean, operand: Expression, right: Node, level: number): Expression {
  const isBounds = right.type === 'BinaryExpression' && operatorsByMark.get(right.operator)!.operation.kind === 'bounds';
  if (!isBounds) {
    const low = lowerExpression(p, right, level);
    throw p.error({ start: operand.start, end: low.end }, 'BETWEEN has no AND', betweenHint);
  }
  const low = lowerExpression(p, right.left, level);
  const high = lowerExpression(p, right.right, level);
  return { kind: 'between', operand, low, high, negated, start: operand.start, end: high.end };
}
