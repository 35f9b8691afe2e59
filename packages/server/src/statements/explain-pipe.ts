import { asMillraceError } from '@millrace/core';
import type { StageStatistics } from '@millrace/pipes';
import type { StreamSelection } from '@millrace/sdk';
import type { ExplainPipe } from '@millrace/sql';
import { LogEnds, type PipePartition, pipePartitions } from '../pipes/pipe-lag.ts';
import { pipeNames } from '../pipes/pipe-names.ts';
import type { PipeRecord } from '../pipes/pipe-registry.ts';
import { pipeOptions, printAttributes, stageKinds } from '../pipes/stage-attributes.ts';
import { connectorIdentity, stageRequests } from '../pipes/stage-requests.ts';
import { type Answer, textRows } from './answer.ts';
import { localTime } from './local-time.ts';
import type { Services } from './services.ts';
import { secretsOf } from './show-pipes.ts';

/** EXPLAIN PIPE: what it does, stage by stage, and how far it is. */
export async function explainPipe({ name: { name } }: ExplainPipe, services: Services): Promise<Answer> {
  const { catalog, pipes } = services;
  const definition = catalog.pipes.expect(name);
  const record = await pipes.registry.record(definition);
  const parts = await pipes.load();
  const { onError, autoRestart } = pipeOptions(definition);
  const lines = [
    `pipe ${name}: ${record.state}, on.error=${onError}, auto.restart=${autoRestart}, group ${pipeNames(name).groupId}`,
    ...(record.exceptionMessage === null ? [] : [`  failed with: ${record.exceptionMessage}`]),
    ...totals(record),
  ];
  for (const kind of stageKinds) {
    const secrets = secretsOf(kind, definition[kind].plugin, parts);
    lines.push(`${kind} ${printAttributes(kind, definition[kind], secrets)}${figures(record.statistics?.[kind])}`);
    if (kind === 'extractor') lines.push(...(await extraction(record, services).catch(untold)).map((line) => `  ${line}`));
    if (kind === 'connector') lines.push(...sharing(record, services).map((line) => `  ${line}`));
  }
  return textRows(
    ['explain'],
    lines.map((line) => [line]),
  );
}

function totals({ statistics }: PipeRecord): string[] {
  if (statistics === null) return [];
  const { state, recordsIn, bytesIn, deadLetters, loops, rate, lastError } = statistics;
  return [
    `  ${state}: records=${recordsIn} bytes=${bytesIn} dead_letters=${deadLetters} loops=${loops} rate=${rate.toFixed(1)}/s`,
    ...(lastError === null ? [] : [`  last error: ${lastError}`]),
  ];
}

function figures(stage: StageStatistics | undefined): string {
  if (stage === undefined) return '';
  return `: in=${stage.eventsIn} out=${stage.eventsOut} retries=${stage.retries} errors=${stage.errors}`;
}

/** Brokers that are away, and plugins that are gone, keep nothing else from being shown. */
function untold(failure: unknown): string[] {
  return [`what it reads cannot be told: ${asMillraceError(failure).message}`];
}

async function extraction({ definition }: PipeRecord, services: Services): Promise<string[]> {
  const { pipes, kafka, timezone } = services;
  const parts = await pipes.load();
  const selection = await parts.host.select(stageRequests(definition, parts.host).extractor);
  if (selection === null) return ['a source of its own'];
  const streams = pipes.streams().filter(({ name }) => parts.matches(selection.pattern, name));
  const partitions = await pipePartitions(definition, selection, streams, kafka, new LogEnds(kafka));
  return [
    `streams under ${selection.pattern}: ${streams.map(({ name }) => name).join(', ') || 'none'}`,
    phases(selection, timezone),
    ...partitions.map(partitionLine),
  ];
}

function phases({ history, realtime, forwardsPipeRecords }: StreamSelection, timezone: string): string {
  const bound = (atMs: number, open: string) => (Number.isSafeInteger(atMs) && Math.abs(atMs) < 8.64e15 ? localTime(atMs, timezone) : open);
  const past =
    history === null ? 'no history' : `history ${bound(history.startMs, 'from the beginning')} … ${bound(history.endMs, 'to its end')}`;
  return `${past}; ${realtime ? 'then realtime' : 'no realtime'}${forwardsPipeRecords ? '; forwards what came through pipes' : ''}`;
}

function partitionLine({ topic, partition, offset, endOffset, boundary }: PipePartition): string {
  const phase = offset < boundary ? `history, realtime begins at ${boundary}` : 'realtime';
  return `partition ${topic}/${partition}: offset=${offset} end=${endOffset} remaining=${Math.max(0, endOffset - offset)} ${phase}`;
}

function sharing({ definition }: PipeRecord, { catalog }: Services): string[] {
  const identity = connectorIdentity(definition);
  const others = catalog.pipes.list().filter((pipe) => pipe.name !== definition.name && connectorIdentity(pipe) === identity);
  return others.length === 0 ? [] : [`shared with ${others.map(({ name }) => name).join(', ')}`];
}
