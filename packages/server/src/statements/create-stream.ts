import { type StreamDefinition, topicNameOf } from '@millrace/catalog';
import { MillraceError } from '@millrace/core';
import { bindColumns, bindOverColumns, resolveStreamSettings, type StreamSettings } from '@millrace/planner';
import { type CreateStream, print } from '@millrace/sql';
import { isUndecided } from '../cluster/cluster-catalog-log.ts';
import { type Answer, noAnswer } from './answer.ts';
import { planContext } from './plan-context.ts';
import type { Request, Services } from './services.ts';
import { createTopic, existingTopic } from './stream-topic.ts';

/**
 * CREATE STREAM: the definition into the catalog, and a topic, unless SETTINGS topic='…' names one that exists.
 * @throws {MillraceError} PLAN_STREAM_EXISTS and what is wrong with columns, keys and settings
 */
export async function createStream(statement: CreateStream, services: Services, request: Request): Promise<Answer> {
  const { name } = statement.name;
  if (statement.ifNotExists && services.catalog.kindOf(name) === 'stream') return noAnswer;
  refuseTaken(name, services);
  const { settings, stream } = define(statement, services, request);
  const found = settings.topic === null ? undefined : await existingTopic(settings.topic, services);
  if (found !== undefined) {
    const partitions = found.partitions.length;
    if (settings.shards !== null && settings.shards !== partitions) throw otherShards(settings, partitions);
    await services.catalog.createStream({ ...stream, partitions, topicId: idOrNull(found.topicId), createdTopic: false });
    return noAnswer;
  }
  const { topicId } = await createTopic(stream, services);
  await services.catalog.createStream({ ...stream, topicId: idOrNull(topicId) }).catch(async (failure: unknown) => {
    if (!isUndecided(failure)) await services.admin.deleteTopic(stream.topic);
    throw failure;
  });
  return noAnswer;
}

/** @throws {MillraceError} PLAN_STREAM_EXISTS */
export function refuseTaken(name: string, { catalog }: Services): void {
  const kind = catalog.kindOf(name);
  if (kind === undefined) return;
  throw new MillraceError('PLAN_STREAM_EXISTS', `the ${kind} ${name} exists already`, {
    hint: 'drop it first, or write CREATE … IF NOT EXISTS',
    details: { name, kind },
  });
}

function define(statement: CreateStream, services: Services, request: Request): { settings: StreamSettings; stream: StreamDefinition } {
  const context = planContext(services, request);
  const columns = bindColumns(statement.columns, context);
  for (const part of statement.primaryKey) bindOverColumns(part, columns, 'PRIMARY KEY', context);
  const settings = resolveStreamSettings(statement.settings, columns, context);
  const stream: StreamDefinition = {
    name: statement.name.name,
    columns,
    primaryKey: statement.primaryKey.map(print),
    settings: settings.given,
    eventTimeColumn: settings.eventTimeColumn,
    topic: settings.topic ?? topicNameOf(statement.name.name),
    createdTopic: true,
    topicId: null,
    partitions: settings.shards ?? 1,
    dataFormat: settings.dataFormat,
    comment: statement.comment,
    createdAtMs: services.clock.now(),
  };
  return { settings, stream };
}

function otherShards({ topic, shards }: StreamSettings, partitions: number): MillraceError {
  return new MillraceError('PLAN_ARGUMENT_INVALID', `the topic ${topic} has ${partitions} partitions, not ${shards}`, {
    hint: 'leave the setting shards out',
    details: { topic, partitions, shards },
  });
}

const noId = '00000000-0000-0000-0000-000000000000';

function idOrNull(topicId: string): string | null {
  return topicId === noId ? null : topicId;
}
