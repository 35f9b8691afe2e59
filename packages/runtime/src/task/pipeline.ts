import type { PlanNode, ScanNode, ValuesNode } from '@millrace/planner';
import { Aggregate } from '../operators/aggregate.ts';
import { Distinct } from '../operators/distinct.ts';
import { Filter } from '../operators/filter.ts';
import { FilterProject } from '../operators/filter-project.ts';
import { Limit } from '../operators/limit.ts';
import { LimitBy } from '../operators/limit-by.ts';
import type { Operator, OperatorContext, Output } from '../operators/operator.ts';
import { Project } from '../operators/project.ts';
import { Sort } from '../operators/sort.ts';
import { Stage } from '../operators/stage.ts';
import { UnionInput } from '../operators/union.ts';
import { Unnest } from '../operators/unnest.ts';
import { WindowAggregate } from '../operators/window-aggregate.ts';

/** A leaf of the plan and where its rows go. */
export interface PipelineInput {
  readonly node: ScanNode | ValuesNode;
  readonly out: Output;
  /** True when nothing that it feeds takes more. */
  readonly hasEnded: () => boolean;
}

/** A plan as operators that push into each other. */
export interface Pipeline {
  readonly inputs: readonly PipelineInput[];
  /** From the sources to the result. */
  readonly stages: readonly Stage[];
}

/** Makes the operators of a plan; what they hand out in the end goes to `out`, which says itself when it takes no more. */
export function buildPipeline(root: PlanNode, out: Output, hasEnded: () => boolean, context: OperatorContext): Pipeline {
  const builder = new Builder(context);
  builder.build(root, out, hasEnded);
  return { inputs: builder.inputs, stages: builder.stages.reverse() };
}

class Builder {
  readonly inputs: PipelineInput[] = [];
  readonly stages: Stage[] = [];
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  build(node: PlanNode, out: Output, hasEnded: () => boolean): void {
    switch (node.node) {
      case 'scan':
      case 'values':
        this.inputs.push({ node, out, hasEnded });
        return;
      case 'union':
        this.#union(node.inputs, out, hasEnded);
        return;
      case 'project':
        if (node.input.node === 'filter') {
          this.build(node.input.input, this.#stage(new FilterProject(node.input, node, this.#context), out), hasEnded);
          return;
        }
    }
    this.build(node.input, this.#stage(operatorOf(node, this.#context), out), hasEnded);
  }

  #union(nodes: readonly PlanNode[], out: Output, hasEnded: () => boolean): void {
    for (const [i, node] of nodes.entries()) {
      const input = new UnionInput(i === nodes.length - 1, out);
      this.build(node, input, () => input.hasEnded || hasEnded());
    }
  }

  #stage(operator: Operator, out: Output): Stage {
    const stage = new Stage(operator, out);
    this.stages.push(stage);
    return stage;
  }
}

function operatorOf(node: Exclude<PlanNode, { node: 'scan' | 'values' | 'union' }>, context: OperatorContext): Operator {
  switch (node.node) {
    case 'filter':
      return new Filter(node, context);
    case 'project':
      return new Project(node, context);
    case 'unnest':
      return new Unnest(node, context);
    case 'aggregate':
      return node.window === null ? new Aggregate(node, context) : new WindowAggregate({ ...node, window: node.window }, context);
    case 'sort':
      return new Sort(node, context);
    case 'limit':
      return new Limit(node, context);
    case 'limit_by':
      return new LimitBy(node, context);
    case 'distinct':
      return new Distinct(node, context);
  }
}
