import { assert } from '@millrace/core';
import { formatDataType, isNullable, removeNullable, type Schema, sameType } from '@millrace/data';
import { aggregateFunction, scalarFunction } from '@millrace/functions';
import type { PlanAggregate, PlanExpression, PlanNode } from '../src/index.ts';

/** Checks what the runtime takes for granted: indexes within the input, types that agree, functions that resolve as they did. */
export function checkPlan(node: PlanNode): void {
  switch (node.node) {
    case 'scan':
      if (node.exchange === undefined) assert(node.schema.length === node.columns.length, 'a scan has a field for each column');
      if (node.watermark !== null) checkTime(node.watermark.time, node.schema);
      return;
    case 'values':
      for (const row of node.rows) assert(row.length === node.schema.length, 'a row has a value for each field');
      return;
    case 'union':
      for (const input of node.inputs) {
        checkPlan(input);
        checkSameTypes(input.schema, node.schema);
      }
      return;
    case 'project':
      checkPlan(node.input);
      assert(node.expressions.length === node.schema.length, 'a projection has a field for each expression');
      for (const [index, expression] of node.expressions.entries()) {
        checkExpression(expression, node.input.schema);
        assert(sameType(expression.type, node.schema[index]!.type), `the field ${node.schema[index]!.name} has the type of its expression`);
      }
      return;
    case 'filter':
      checkPlan(node.input);
      checkExpression(node.predicate, node.input.schema);
      assert(removeNullable(node.predicate.type).kind === 'bool', 'a predicate is a condition');
      checkSameTypes(node.input.schema, node.schema);
      return;
    case 'unnest': {
      checkPlan(node.input);
      checkExpression(node.array, node.input.schema);
      const type = removeNullable(node.array.type);
      assert(type.kind === 'array' && sameType(type.element, node.schema.at(-1)!.type), 'the elements of an array are unfolded');
      checkSameTypes(node.input.schema, node.schema.slice(0, -1));
      return;
    }
    case 'aggregate':
      checkPlan(node.input);
      checkAggregate(node);
      return;
    case 'sort':
      for (const { expression } of node.keys) checkExpression(expression, node.input.schema);
      break;
    case 'limit_by':
      for (const key of node.keys) checkExpression(key, node.input.schema);
      break;
    default:
  }
  checkPlan(node.input);
  checkSameTypes(node.input.schema, node.schema);
}

function checkAggregate(node: PlanNode & { node: 'aggregate' }): void {
  const input = node.input.schema;
  if (node.window !== null) checkTime(node.window.time, input);
  const types = [
    ...(node.window === null ? [] : [node.window.boundType, node.window.boundType]),
    ...node.keys.map(({ type }) => type),
    ...node.aggregates.map(({ type }) => type),
  ];
  assert(types.length === node.schema.length, 'an aggregation has fields for window, keys and aggregates');
  for (const [index, type] of types.entries()) assert(sameType(type, node.schema[index]!.type), 'a field has the type of what it holds');
  for (const key of node.keys) checkExpression(key, input);
  for (const call of node.aggregates) checkCall(call, input);
}

function checkCall(call: PlanAggregate, schema: Schema): void {
  for (const argument of call.arguments) checkExpression(argument, schema);
  const resolved = aggregateFunction(call.function)!.resolve(call.resolvedFrom, call.parameters);
  assert(sameType(resolved.returns, call.type), `${call.function} resolves to the type it has`);
  for (const [index, type] of resolved.argumentTypes.entries()) checkArgument(call.arguments[index]!, type);
}

function checkTime(time: PlanExpression, schema: Schema): void {
  checkExpression(time, schema);
  const type = removeNullable(time.type);
  assert(type.kind === 'datetime64' && type.precision === 3, 'time is in ms');
}

function checkExpression(expression: PlanExpression, schema: Schema): void {
  switch (expression.kind) {
    case 'column': {
      const field = schema[expression.index];
      assert(field !== undefined, `there is a column ${expression.index}`);
      assert(
        sameType(field.type, expression.type),
        `${field.name} is ${formatDataType(field.type)}, not ${formatDataType(expression.type)}`,
      );
      return;
    }
    case 'cast':
      checkExpression(expression.operand, schema);
      return;
    case 'lambda':
      checkExpression(expression.body, schema);
      return;
    case 'call': {
      for (const argument of expression.arguments) checkExpression(argument, schema);
      const resolved = scalarFunction(expression.function)!.resolve(expression.resolvedFrom);
      assert(
        sameType(removeNullable(resolved.returns), removeNullable(expression.type)),
        `${expression.function} resolves to the type it has`,
      );
      for (const [index, type] of resolved.argumentTypes.entries()) {
        if (expression.arguments[index]!.kind !== 'lambda') checkArgument(expression.arguments[index]!, type);
      }
      return;
    }
    default:
  }
}

/** Of the type that the function takes; NULL may come besides. */
function checkArgument(argument: PlanExpression, type: PlanExpression['type']): void {
  const agrees =
    sameType(argument.type, type) || (isNullable(argument.type) && sameType(removeNullable(argument.type), removeNullable(type)));
  assert(agrees, `the argument is ${formatDataType(argument.type)}, the function takes ${formatDataType(type)}`);
}

function checkSameTypes(input: Schema, output: Schema): void {
  assert(input.length === output.length, 'a node hands out as many columns as it gets');
  for (const [index, { type }] of input.entries()) assert(sameType(type, output[index]!.type), 'a node hands out the types that it gets');
}
