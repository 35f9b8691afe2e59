import type { Clock } from '@millrace/core';
import { Rate } from '@millrace/runtime';
import type { StageKind } from '@millrace/sdk';
import type { DeliveryCounts } from './delivery.ts';
import type { StageCounts } from './stage-keeper.ts';

/** What a pipe has done since it was started in this server, over all its runs. */
export class PipeCounters implements DeliveryCounts {
  processed = 0;
  made = 0;
  transferred = 0;
  /** Records taken from the logs. */
  recordsIn = 0;
  bytesIn = 0;
  /** Events that the extractor has given. */
  extracted = 0;
  loops = 0;
  /** Durable ones. */
  deadLetters = 0;
  /** Records that were done. */
  done = 0;
  lastDeliveryMs: number | null = null;
  lastError: string | null = null;
  readonly stages: Readonly<Record<StageKind, StageCounts>> = {
    extractor: { retries: 0, errors: 0 },
    processor: { retries: 0, errors: 0 },
    connector: { retries: 0, errors: 0 },
  };
  readonly rate: Rate;

  constructor(clock: Clock) {
    this.rate = new Rate(clock);
  }
}
