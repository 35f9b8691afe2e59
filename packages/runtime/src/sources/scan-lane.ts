import type { TopicPartition } from '@millrace/kafka-client';
import type { ScanNode } from '@millrace/planner';
import { ExchangeFeed } from '../exchange/exchange-feed.ts';
import type { Output } from '../operators/operator.ts';
import type { OperatorState } from '../state/operator-state.ts';
import { SavedWatermarks } from '../state/saved-watermarks.ts';
import { PartMarks } from '../watermark/part-marks.ts';
import { WatermarkTracker } from '../watermark/watermark-tracker.ts';
import type { Feed } from './feed.ts';
import { RecordFeed } from './record-feed.ts';
import type { ScanRecovery } from './scan-recovery.ts';
import type { SourceContext } from './source-ports.ts';

/** Where the rows of a scan go. */
export interface LaneOutput {
  /** What goes there; null = all that the scan reads. */
  readonly of: TopicPartition | null;
  readonly out: Output;
}

/** What becomes of the partitions of a scan: of all together, or, where they are kept apart, of one. */
export class ScanLane {
  readonly of: TopicPartition | null;
  readonly out: Output;
  readonly feed: Feed;
  /** Follows the event times of the partitions; null where there are none, or where others have followed them. */
  readonly tracker: WatermarkTracker | null;
  /** What of it must survive a restart beside the positions: the event times of the partitions. */
  readonly state: OperatorState | null;

  constructor(node: ScanNode, context: SourceContext, { of, out }: LaneOutput, recovery: ScanRecovery | null) {
    this.of = of;
    this.out = out;
    if (node.exchange !== undefined) {
      const feed = new ExchangeFeed(node, out);
      [this.feed, this.tracker, this.state] = [feed, null, feed.state];
      return;
    }
    const isReplay = of !== null && of.topic !== node.topic;
    this.tracker = node.watermark !== null && !isReplay ? new WatermarkTracker(node.watermark) : null;
    const marks = this.tracker !== null && node.watermarkParts !== undefined ? new PartMarks(node.watermarkParts) : null;
    this.state = this.tracker && new SavedWatermarks(this.tracker, marks);
    this.feed = new RecordFeed(node, context, out, this.tracker, recovery, marks);
  }
}
