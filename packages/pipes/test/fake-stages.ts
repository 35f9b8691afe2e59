import type { Json } from '@millrace/sdk';
import type { EventBatch } from '../src/stage/event-batch.ts';
import type {
  ConnectorStage,
  ExtractorStage,
  Processed,
  ProcessorStage,
  StageOpener,
  StageRequest,
  TransactionWriter,
} from '../src/stage/stage.ts';

/** A row or deletion as it was delivered. */
export interface Delivered {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly kind: EventBatch['kind'];
  readonly isHistorical: boolean;
  readonly key: string | null;
  readonly row: Readonly<Record<string, unknown>>;
}

/** The rows of a batch, with numbers and strings as values. */
export function rowsOf(batch: EventBatch): Delivered[] {
  const { topic, partition, kind, isHistorical, records, sourceRows, schema, chunk } = batch;
  return Array.from({ length: chunk.rowCount }, (_, row) => {
    const record = sourceRows?.[row] ?? row;
    const start = records.keys.starts[record]!;
    const key = start < 0 ? null : records.keys.bytes.toString('utf8', start, records.keys.ends[record]);
    const values = schema.map(({ name }, i) => [name, cellOf(chunk.columns[i]!, row)]);
    return { topic, partition, offset: records.offsets[record]!, kind, isHistorical, key, row: Object.fromEntries(values) };
  });
}

function cellOf(column: EventBatch['chunk']['columns'][number], row: number): unknown {
  if (column.kind === 'value') return column.values[row];
  if (column.nulls?.[row] === 1) return null;
  return column.kind === 'string' ? column.bytes.toString('utf8', column.starts[row], column.ends[row]) : column.values[row];
}

/** What fake stages do; each part may be replaced. */
export interface FakeHooks {
  openProcessor?(request: StageRequest): void | Promise<void>;
  process?(batch: EventBatch, attempt: number): Processed | Promise<Processed>;
  restore?(topic: string, partition: number, state: ReadonlyMap<string, Json>): void;
  rollBack?(): void;
  openConnector?(request: StageRequest): void | Promise<void>;
  transfer?(batch: EventBatch, attempt: number, transaction: TransactionWriter | undefined): void | Promise<void>;
  heartbeat?(): void | Promise<void>;
  closeConnector?(): void;
  readonly connector?: Partial<Pick<ConnectorStage, 'order' | 'concurrency' | 'isTransactional'>>;
  openExtractor?(position: Json | undefined): ExtractorStage['next'];
}

/** Stages in process: by default rows pass the processor, and the connector takes them in. */
export class FakeStages implements StageOpener {
  readonly hooks: FakeHooks;
  readonly delivered: Delivered[] = [];
  opened = 0;
  closed = 0;

  constructor(hooks: FakeHooks = {}) {
    this.hooks = hooks;
  }

  async openProcessor(request: StageRequest): Promise<ProcessorStage> {
    const { hooks } = this;
    await hooks.openProcessor?.(request);
    return {
      process: async (batch, attempt) => hooks.process?.(batch, attempt) ?? { batches: [batch], stateChanges: new Map() },
      restore: async (topic, partition, state) => hooks.restore?.(topic, partition, state),
      rollBack: async () => hooks.rollBack?.(),
      close: async () => {},
    };
  }

  async openConnector(request: StageRequest): Promise<ConnectorStage> {
    const { hooks } = this;
    await hooks.openConnector?.(request);
    this.opened++;
    return {
      order: 'ordered',
      concurrency: 1,
      isTransactional: false,
      ...hooks.connector,
      heartbeat: async () => hooks.heartbeat?.(),
      transfer: async (batch, attempt, transaction) => {
        await hooks.transfer?.(batch, attempt, transaction);
        this.delivered.push(...rowsOf(batch));
      },
      close: async () => {
        this.closed++;
        hooks.closeConnector?.();
      },
    };
  }

  async openExtractor(_: StageRequest, position: Json | undefined): Promise<ExtractorStage> {
    return { next: this.hooks.openExtractor!(position), close: async () => {} };
  }

  async select(): Promise<null> {
    return null;
  }

  async close(): Promise<void> {}
}
