import type { PlanNode, ScanNode } from '@millrace/planner';
import type { ViewRequest } from './view-request.ts';

/** What a view reads. */
export function scansOf({ plan }: Pick<ViewRequest, 'plan'>): ScanNode[] {
  const visit = (node: PlanNode): ScanNode[] => {
    if (node.node === 'scan') return [node];
    if (node.node === 'union') return node.inputs.flatMap(visit);
    return node.node === 'values' ? [] : visit(node.input);
  };
  return visit(plan.root);
}
