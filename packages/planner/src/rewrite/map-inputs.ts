import type { PlanNode } from '../plan.ts';

/** The node with `change` applied to what it reads. */
export function mapInputs(node: PlanNode, change: (input: PlanNode) => PlanNode): PlanNode {
  switch (node.node) {
    case 'scan':
    case 'values':
      return node;
    case 'union':
      return { ...node, inputs: node.inputs.map(change) };
    default: {
      const input = change(node.input);
      return input === node.input ? node : { ...node, input };
    }
  }
}
