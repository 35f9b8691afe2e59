import type { StageKind } from '@millrace/sdk';
import type { StageRequest } from '../src/stage/stage.ts';
import type { PipeRequest } from '../src/task/pipe-request.ts';
import { streamDefinition } from './stream-definition.ts';

/** Everything, history and realtime. */
export const wholeSelection = {
  pattern: 'root',
  history: { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY },
  realtime: true,
  forwardsPipeRecords: false,
};

/** A request for pipe `p` over stream `s` with the int column `v`. */
export function pipeRequest(more: Partial<PipeRequest> = {}): PipeRequest {
  return {
    pipe: 'p',
    groupId: 'millrace.pipe.p',
    instanceId: 'server-0',
    deployment: 'here',
    timezone: 'UTC',
    brokers: [],
    extractor: stageRequest('extractor'),
    processor: stageRequest('processor'),
    connector: stageRequest('connector'),
    selection: wholeSelection,
    boundaries: {},
    streams: [streamDefinition('s', { v: 'int32' })],
    onError: 'stop',
    deadLetterTopic: 'millrace.dlq.pipe.p',
    stateTopic: 'millrace.pipe.p.state',
    commitIntervalMs: 50,
    sessionTimeoutMs: 1000,
    ...more,
  };
}

export function stageRequest(kind: StageKind): StageRequest {
  const name = `fake-${kind}`;
  return { pipe: 'p', kind, plugin: { name, kind, module: '', exportName: 'default', origin: 'fake', isBuiltIn: true }, attributes: {} };
}
