import { explainNode, inputsOf } from './explain/explain-plan.ts';
import type { PlanNode, QueryPlan, ScanNode } from './plan.ts';

/** What becomes of a part of a view's state when another plan takes its place. `new`: it begins empty. */
export interface StateFate {
  readonly what: string;
  readonly fate: 'kept' | 'lost' | 'new';
}

/**
 * What becomes of the state of a view when its plan changes: positions in sources, and operators that keep state.
 *
 * An operator finds its own state by its place behind the sources, and what it holds means what it, and all that it reads, make of
 * the rows. So it is kept if nothing up to and with that operator has changed; whatever stands behind the last one may change.
 */
export function compareState(before: QueryPlan, after: QueryPlan): readonly StateFate[] {
  return [...fates(positionsOf(before), positionsOf(after)), ...fates(operatorsOf(before), operatorsOf(after))];
}

/** Names of what there is to keep, by what must be the same. */
type Parts = ReadonlyMap<string, string>;

function fates(before: Parts, after: Parts): StateFate[] {
  const old = [...before].map(([key, what]): StateFate => ({ what, fate: after.has(key) ? 'kept' : 'lost' }));
  const added = [...after].filter(([key]) => !before.has(key)).map(([, what]): StateFate => ({ what, fate: 'new' }));
  return [...old, ...added];
}

function positionsOf({ root }: QueryPlan): Parts {
  const scans = nodesOf(root).filter((node): node is ScanNode => node.node === 'scan');
  return new Map(scans.map(({ topic, stream }) => [topic, `position in ${stream}`]));
}

function operatorsOf(plan: QueryPlan): Parts {
  const stateful = nodesOf(plan.root).filter(keepsState);
  return new Map(stateful.map((node) => [canonicalText(node), explainNode(node, plan)]));
}

/** From the sources to the result. */
function nodesOf(node: PlanNode): PlanNode[] {
  return [...inputsOf(node).flatMap(nodesOf), node];
}

function keepsState(node: PlanNode): boolean {
  switch (node.node) {
    case 'aggregate':
      return true;
    case 'distinct':
    case 'limit':
    case 'limit_by':
      return node.scope === 'whole';
    default:
      return false;
  }
}

/** A node and all that it reads, but not where the reading began. */
function canonicalText(node: PlanNode): string {
  return JSON.stringify(node, (key, value: unknown) => {
    if (key === 'start') return undefined;
    if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return `${typeof value} ${value}`;
    return value;
  });
}
