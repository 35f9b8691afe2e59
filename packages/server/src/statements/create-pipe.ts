import type { PipeDefinition, PipeStageDefinition, StreamDefinition } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import type { Boundaries, StageRequest } from '@millrace/pipes';
import type { StreamSelection } from '@millrace/sdk';
import type { CreatePipe, PipeStage } from '@millrace/sql';
import { checkPipeName, pipeNames } from '../pipes/pipe-names.ts';
import type { PipeParts } from '../pipes/pipes.ts';
import { stageDefinition, stageKinds } from '../pipes/stage-attributes.ts';
import { attributesInvalid, checkAttributes, type StageRequests, stageRequests } from '../pipes/stage-requests.ts';
import { type Answer, noAnswer } from './answer.ts';
import { deletePipeTopics } from './drop-pipe.ts';
import type { Services } from './services.ts';

/**
 * CREATE PIPE: finds its plugins, checks all attributes, shakes hands with the target, and only then keeps the pipe, which is stopped.
 * What is written from then on is realtime data to it.
 * @throws {MillraceError} PIPE_NAME_INVALID, PIPE_EXISTS, PLUGIN_UNKNOWN, PIPE_ATTRIBUTES_INVALID, PLUGIN_FAILED; nothing of it is left
 */
export function createPipe(statement: CreatePipe, services: Services): Promise<Answer> {
  const { name } = statement.name;
  checkPipeName(name);
  return services.pipes.inTurn(name, () => create(statement, services));
}

async function create(statement: CreatePipe, services: Services): Promise<Answer> {
  const { catalog, pipes, random, clock } = services;
  const { name } = statement.name;
  if (catalog.pipes.get(name) !== undefined) {
    if (statement.ifNotExists) return noAnswer;
    throw new MillraceError('PIPE_EXISTS', `the pipe ${name} exists already`, {
      hint: 'drop it first, or write CREATE PIPE IF NOT EXISTS',
      details: { name },
    });
  }
  const stages = definedStages(statement);
  const parts = await pipes.load();
  const requests = await checkedRequests({ name, ...stages }, parts);
  const selection = await parts.host.select(requests.extractor);
  await shakeHands(name, requests.processor, parts);
  await shakeHands(name, requests.connector, parts);
  const { groupId } = pipeNames(name);
  // Of a pipe of this name whose server died while it was dropped.
  await services.admin.deleteGroup(groupId);
  await deletePipeTopics(name, services);
  await catalog.pipes.create({
    name,
    id: random.uuid().slice(0, 8),
    ...stages,
    boundaries: await boundariesOf(selection, pipes.streams(), parts),
    isRunning: false,
    exceptionMessage: null,
    createdAtMs: clock.now(),
  });
  return noAnswer;
}

type Stages = Pick<PipeDefinition, 'extractor' | 'processor' | 'connector'>;

/** @throws {MillraceError} PIPE_ATTRIBUTES_INVALID where no connector is named */
function definedStages(statement: CreatePipe): Stages {
  const problems: string[] = [];
  const [extractor, processor, connector] = stageKinds.map(
    (kind): PipeStageDefinition => stageDefinition(kind, attributesOf(statement[kind]), problems),
  );
  if (problems.length > 0) throw attributesInvalid(statement.name.name, problems);
  return { extractor: extractor!, processor: processor!, connector: connector! };
}

/** As written. */
export function attributesOf(stage: PipeStage | null): Readonly<Record<string, string>> {
  return Object.fromEntries((stage?.attributes ?? []).map(({ key, value }) => [key, value]));
}

/** @throws {MillraceError} PLUGIN_UNKNOWN, PLUGIN_INVALID, PIPE_ATTRIBUTES_INVALID */
export async function checkedRequests(pipe: Stages & { readonly name: string }, { host }: Pick<PipeParts, 'host'>): Promise<StageRequests> {
  const requests = stageRequests(pipe, host);
  await checkAttributes(pipe, requests, host);
  return requests;
}

/** Opens a processor or connector and closes it: what it cannot begin with is told before it runs. @throws {MillraceError} PLUGIN_FAILED */
export async function shakeHands(name: string, request: StageRequest, { host }: Pick<PipeParts, 'host'>): Promise<void> {
  const { kind, plugin } = request;
  try {
    await host.handshake(request);
  } catch (failure) {
    if (!(failure instanceof MillraceError)) throw failure;
    const { code, details, hint } = failure;
    const what = kind === 'connector' ? 'cannot deliver to its target' : 'cannot be opened';
    const target = kind === 'connector' ? 'start the target, or ' : '';
    throw new MillraceError(code, `the pipe ${name}: ${plugin.name} ${what}: ${failure.message}`, {
      cause: failure,
      details,
      hint: hint ?? `${target}mend the attributes of the ${kind}; nothing of the pipe is kept`,
    });
  }
}

/** Of all streams, so that ALTER may choose others; a topic that cannot be asked keeps only pipes that read it from being made. */
async function boundariesOf(
  selection: StreamSelection | null,
  streams: readonly StreamDefinition[],
  parts: PipeParts,
): Promise<Boundaries> {
  if (selection === null) return {};
  const isRead = ({ name }: StreamDefinition) => parts.matches(selection.pattern, name);
  const boundaries = await parts.takeBoundaries(streams.filter(isRead));
  const others = streams.filter((stream) => !isRead(stream)).map((stream) => parts.takeBoundaries([stream]).catch(() => ({})));
  return Object.assign({}, ...(await Promise.all(others)), boundaries) as Boundaries;
}
