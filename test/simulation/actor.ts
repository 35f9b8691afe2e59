import { MillraceError } from '@millrace/core';
import type { KafkaErrorName } from '@millrace/kafka-protocol';
import type { World } from './world.ts';

/** The clients of a simulated broker: what they do follows from the world's random numbers, what they learn goes into its history. */

/** Goes on with its work until it is told to end; then it comes to an end by itself. */
export type Actor = (world: World) => Promise<void>;

export const code = (failure: unknown) => (failure instanceof MillraceError ? failure.code : String(failure));

/** What no client that behaves may be told, whatever happens to disks and connections. */
const neverTold: ReadonlySet<KafkaErrorName> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'CORRUPT_MESSAGE',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_RECORD',
  'UNKNOWN_SERVER_ERROR',
]);

export function astray(world: World, who: string, failure: unknown): void {
  const { code: name, message } = failure as MillraceError;
  const kafkaError = failure instanceof MillraceError ? (failure.details?.['kafkaError'] as KafkaErrorName | undefined) : undefined;
  const isWrong =
    !(failure instanceof MillraceError) ||
    name === 'KAFKA_PROTOCOL_INVALID' ||
    name === 'KAFKA_RECORD_CORRUPT' ||
    name.startsWith('INTERNAL');
  if (isWrong || (kafkaError !== undefined && neverTold.has(kafkaError))) {
    world.record({ kind: 'astray', what: `${who} was told ${name}: ${message}` });
  }
}

/** Is over when the world ends, whatever else happens. */
export async function untilEnd(world: World, who: string, work: () => Promise<void>): Promise<void> {
  while (!world.ending.aborted) {
    try {
      await work();
      await world.pause(80);
    } catch (failure) {
      if (world.ending.aborted && failure === world.ending.reason) return;
      astray(world, who, failure);
      await world.pause(200).catch(() => {});
    }
  }
}
