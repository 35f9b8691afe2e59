import type { PipeDefinition } from '@millrace/catalog';
import { fromText, parseDataType, type Value } from '@millrace/data';
import type { AttributeDescription, StageKind } from '@millrace/sdk';
import type { ShowPipes } from '@millrace/sql';
import { LogEnds, pipePartitions, remainingOf } from '../pipes/pipe-lag.ts';
import type { PipeRecord } from '../pipes/pipe-registry.ts';
import type { PipeParts } from '../pipes/pipes.ts';
import { printAttributes } from '../pipes/stage-attributes.ts';
import { connectorIdentity, stageRequests } from '../pipes/stage-requests.ts';
import { type Answer, fixedRows } from './answer.ts';
import { likeFilter } from './like-filter.ts';
import { localTime } from './local-time.ts';
import type { Services } from './services.ts';

const columns = {
  ID: 'string',
  CreationTime: 'string',
  State: 'string',
  PipeExtractor: 'string',
  PipeProcessor: 'string',
  PipeConnector: 'string',
  ExceptionMessage: 'string',
  RemainingEventCount: 'nullable(uint64)',
  EstimatedRemainingSeconds: 'nullable(float64)',
} as const;

/**
 * SHOW PIPES, SHOW PIPE p, SHOW PIPES WHERE CONNECTOR USED BY p. `RemainingEventCount`: records of the streams that are not delivered yet,
 * NULL if no broker tells; `EstimatedRemainingSeconds`: by the rate of the last seconds, NULL while nothing moves.
 */
export async function showPipes(statement: ShowPipes, services: Services): Promise<Answer> {
  const schema = Object.entries(columns).map(([name, type]) => ({ name, type: parseDataType(type) }));
  const wanted = chosen(statement, services);
  if (wanted.length === 0) return fixedRows(schema, []);
  const { pipes, kafka } = services;
  const parts = await pipes.load();
  const ends = new LogEnds(kafka);
  const row = async (definition: PipeDefinition) => {
    const record = await pipes.registry.record(definition);
    const remaining = await remainingEvents(definition, parts, services, ends).catch(() => null);
    return rowOf(record, remaining, parts, services);
  };
  return fixedRows(schema, await Promise.all(wanted.map(row)));
}

function chosen({ name, usedBy, like }: ShowPipes, { catalog }: Services): PipeDefinition[] {
  if (name !== null) return [catalog.pipes.expect(name.name)];
  const identity = usedBy && connectorIdentity(catalog.pipes.expect(usedBy.name));
  const matches = likeFilter(like);
  return catalog.pipes.list().filter((pipe) => matches(pipe.name) && (identity === null || connectorIdentity(pipe) === identity));
}

function rowOf(
  { definition, state, exceptionMessage, statistics }: PipeRecord,
  remaining: number | null,
  parts: PipeParts,
  services: Services,
): Value[] {
  const printed = (kind: StageKind) => fromText(printAttributes(kind, definition[kind], secretsOf(kind, definition[kind].plugin, parts)));
  const rate = statistics?.rate ?? 0;
  const seconds = remaining === 0 ? 0 : remaining === null || rate === 0 ? null : remaining / rate;
  return [
    fromText(definition.name),
    localTime(definition.createdAtMs, services.timezone),
    state,
    printed('extractor'),
    printed('processor'),
    printed('connector'),
    fromText(exceptionMessage ?? 'None'),
    remaining === null ? null : BigInt(remaining),
    seconds,
  ];
}

/** Tells the attributes that a plugin takes for secrets. */
export function secretsOf(kind: StageKind, name: string, { host }: Pick<PipeParts, 'host'>): (key: string) => boolean {
  const plugin = host.list().find((candidate) => candidate.kind === kind && (candidate.name === name || candidate.aliases.includes(name)));
  const all: Readonly<Record<string, AttributeDescription>> = plugin?.attributes ?? {};
  const secrets = new Set(Object.entries(all).flatMap(([key, { isSecret, aliases }]) => (isSecret ? [key, ...aliases] : [])));
  return (key) => secrets.has(key);
}

/** Null for a source that is not ours. @throws {MillraceError} KAFKA_* */
async function remainingEvents(
  definition: PipeDefinition,
  parts: PipeParts,
  { pipes, kafka }: Services,
  ends: LogEnds,
): Promise<number | null> {
  const selection = await parts.host.select(stageRequests(definition, parts.host).extractor);
  if (selection === null) return null;
  const streams = pipes.streams().filter(({ name }) => parts.matches(selection.pattern, name));
  return remainingOf(await pipePartitions(definition, selection, streams, kafka, ends));
}
