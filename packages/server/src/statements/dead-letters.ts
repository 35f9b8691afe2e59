import { MillraceError } from '@millrace/core';
import { parseDataType } from '@millrace/data';
import { openTransactionalProducer, type TransactionalProducer } from '@millrace/kafka-client';
import { bindOverColumns } from '@millrace/planner';
import { compilePredicate, replayMark } from '@millrace/runtime';
import type { ReplayDeadLetters, ShowDeadLetters } from '@millrace/sql';
import { type Letter, letterSchema, readLetters } from '../views/dead-letters.ts';
import { untilVisible } from '../views/until-visible.ts';
import { keepsDeadLetters, viewNames } from '../views/view-names.ts';
import { type Answer, chunkOf, fixedRows, readRows } from './answer.ts';
import { likeFilter } from './like-filter.ts';
import { planContext } from './plan-context.ts';
import type { Request, Services } from './services.ts';
import { expectMaterializedView } from './system-view.ts';

/** SHOW DEAD LETTERS: those of one view or of all, each until it is replayed. */
export function showDeadLetters({ view, like }: ShowDeadLetters, services: Services): Answer {
  const matches = likeFilter(like);
  const views = view === null ? services.catalog.materializedViews() : [expectMaterializedView(view.name, services)];
  return readRows(letterSchema, async function* (signal) {
    for (const definition of views)
      if (matches(definition.name))
        for await (const letters of readLetters(definition, services.kafka, signal)) yield letters.map(({ row }) => row);
  });
}

/** Letters of a transaction: they are sent as they are read. */
const transactionTimeoutMs = 60_000;

/**
 * REPLAY DEAD LETTERS: hands the letters to the view once more, which reads them beside its source. That they are handed over and
 * that they do not count as dead any more is one transaction, and one REPLAY of a view goes before another: each letter is
 * replayed once, whenever a server dies. One that fails again is a new letter.
 * @returns how many they were
 * @throws {MillraceError} PLAN_QUERY_INCORRECT if the view keeps no dead letters; PLAN_* for the condition
 */
export async function replayDeadLetters(statement: ReplayDeadLetters, services: Services, request: Request): Promise<Answer> {
  const { name } = statement.view;
  const definition = expectMaterializedView(name, services);
  if (!keepsDeadLetters(definition))
    throw new MillraceError('PLAN_QUERY_INCORRECT', `the materialized view ${name} keeps no dead letters: its recovery_policy is strict`, {
      details: { name },
    });
  const choose = chooser(statement.where, services, request);
  const producer = await openTransactionalProducer(services.kafka, {
    transactionalId: `millrace.replay.${viewNames(name, definition.id).groupId}`,
    transactionTimeoutMs,
  });
  try {
    producer.begin();
    let count = 0;
    for await (const letters of readLetters(definition, services.kafka, request.signal))
      for (const letter of choose(letters)) {
        await handOver(letter, viewNames(name, definition.id), producer);
        count++;
      }
    await producer.commit();
    const { deadLetterTopic, replayTopic } = viewNames(name, definition.id);
    for (const topic of [deadLetterTopic, replayTopic]) await untilVisible(topic, services.kafka, services.clock, request.signal);
    return fixedRows([{ name: 'replayed', type: parseDataType('uint64') }], [[BigInt(count)]]);
  } finally {
    await producer.close();
  }
}

/** The letters that meet the condition. */
function chooser(
  where: ReplayDeadLetters['where'],
  services: Services,
  request: Request,
): (letters: readonly Letter[]) => readonly Letter[] {
  if (where === null) return (letters) => letters;
  const context = planContext(services, request);
  const bound = bindOverColumns(where, letterSchema, 'WHERE', context);
  const { clock, random, timezone } = services;
  const predicate = compilePredicate(bound, { clock, random, timezone });
  return (letters) => {
    const { rows, count } = predicate(
      chunkOf(
        letterSchema,
        letters.map(({ row }) => row),
      ),
    );
    return [...rows.subarray(0, count)].map((row) => letters[row]!);
  };
}

async function handOver(
  { offset, timestampMs, key, value, headers }: Letter,
  { replayTopic, deadLetterTopic }: ReturnType<typeof viewNames>,
  producer: TransactionalProducer,
): Promise<void> {
  await producer.append(replayTopic, 0, timestampMs, key, value, headers);
  await producer.append(deadLetterTopic, 0, timestampMs, null, null, replayMark(offset));
}
