import { unreachable } from '@millrace/core';
import { columnsOf, substituteColumns } from '../expression/columns-of.ts';
import { isDeterministic } from '../expression/expression-key.ts';
import type { PlanExpression, PlanNode } from '../plan.ts';
import { type Place, planError } from '../plan-error.ts';
import type { WatermarkRequest } from './planning.ts';

/**
 * Gives the scan below `node` the watermark of a window over it: the window's time, computed where the record is read, before
 * any filter. Projections in between are put into the expression.
 *
 * Over the windows of another aggregation there is nothing to do if the time is the inner window's end: the inner marks travel on.
 * @throws {MillraceError} NOT_SUPPORTED if the time cannot be told from the record alone.
 */
export function pushWatermark(node: PlanNode, time: PlanExpression, request: WatermarkRequest): PlanNode {
  switch (node.node) {
    case 'scan': {
      const { place, ...rest } = request;
      if (node.watermarkParts === 0) throw outOfOrder(node.stream, place);
      return { ...node, watermark: { ...rest, time } };
    }
    case 'project': {
      const inner = substituteColumns(time, node.expressions);
      if (!isDeterministic(inner)) throw notFromRecord(request.place);
      return { ...node, input: pushWatermark(node.input, inner, request) };
    }
    case 'unnest':
      if (columnsOf([time]).has(node.schema.length - 1)) throw notFromRecord(request.place);
      return { ...node, input: pushWatermark(node.input, time, request) };
    case 'filter':
    case 'sort':
    case 'limit':
    case 'limit_by':
    case 'distinct':
      return { ...node, input: pushWatermark(node.input, time, request) };
    case 'aggregate':
      checkInnerWindow(node, time, request.place);
      return node;
    case 'union':
    case 'values':
      return node;
    default:
      return unreachable(node);
  }
}

/** Of what comes behind a mark only the window's end is known to be later. */
function checkInnerWindow(node: PlanNode & { node: 'aggregate' }, time: PlanExpression, place: Place): void {
  const inner = time.kind === 'cast' ? time.operand : time;
  if (node.window !== null && inner.kind === 'column' && inner.index === 1) return;
  throw planError(
    'NOT_SUPPORTED',
    'a window over the results of another takes its window_end as time column',
    place,
    'select window_end in the subquery and name it behind the subquery',
  );
}

function outOfOrder(stream: string, place: Place) {
  return planError(
    'NOT_SUPPORTED',
    `several tasks write ${stream}, and nothing tells how far all of them have come in event time`,
    place,
    'of a view with parallelism that gives windows, and leaves their _tp_time to Millrace, windows can be made; else let the view be of one task',
  );
}

function notFromRecord(place: Place) {
  return planError(
    'NOT_SUPPORTED',
    'the time column of a window must follow from the record alone',
    place,
    'now() and rand() give another time at every reading, array_join several of a record',
  );
}

/** Marks every scan below: one record batch, one chunk. */
export function batchPerChunk(node: PlanNode): PlanNode {
  switch (node.node) {
    case 'scan':
      return { ...node, batchPerChunk: true };
    case 'values':
      return node;
    case 'union':
      return { ...node, inputs: node.inputs.map(batchPerChunk) };
    default:
      return { ...node, input: batchPerChunk(node.input) };
  }
}
