import type { MaterializedViewDefinition } from '@millrace/catalog';
import { Coordinator, commitOffsets } from '@millrace/kafka-client';
import type { PlanNode, QueryPlan, ScanNode } from '@millrace/planner';
import { kafkaSource, startPositions } from '@millrace/runtime';
import type { Services } from '../statements/services.ts';
import { sharedNames } from './view-layout.ts';

/**
 * Fixes where a shared view begins: its tasks may start one after another, and each must find the same. Called before there is any.
 * @throws {MillraceError} PLAN_ARGUMENT_INVALID, KAFKA_*
 */
export async function fixStart(definition: MaterializedViewDefinition, plan: QueryPlan, { kafka }: Pick<Services, 'kafka'>): Promise<void> {
  const { topic, start } = scanOf(plan.root);
  const [metadata] = await kafka.metadata([topic]);
  const partitions = metadata!.partitions.map(({ partition }) => partition);
  const starts = await startPositions(kafkaSource(kafka), topic, partitions, start);
  const offsets = starts.map(({ partition, startOffset }) => ({ topic, partition, offset: startOffset }));
  await commitOffsets(new Coordinator(kafka, sharedNames(definition).rows.groupId), offsets);
}

function scanOf(node: PlanNode): ScanNode {
  return node.node === 'scan' ? node : scanOf((node as Exclude<PlanNode, { node: 'scan' | 'values' | 'union' }>).input);
}
