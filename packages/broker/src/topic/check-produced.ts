import {
  batchHeader,
  batchHeaderSize,
  compressions,
  decodeRecords,
  type KafkaErrorName,
  RecordSpans,
  verifyCrc,
} from '@millrace/kafka-protocol';
import { type BatchHeader, readBatchHeader } from '../log/batch-header.ts';
import type { EffectiveTopicConfig } from './topic-config.ts';

/** Why a produced batch is not taken. */
export interface Refusal {
  readonly error: KafkaErrorName;
  readonly message: string;
}

export const isRefusal = (value: object): value is Refusal => 'error' in value;

const refuse = (error: KafkaErrorName, message: string): Refusal => ({ error, message });

/** Sequence numbers and producer ids that say "none". */
const noProducerId = -1;

/**
 * Checks what a client sends to be appended: exactly one whole batch of format 2 that says the truth about itself.
 * Judged by the header and the checksum alone; only for a compacted topic the records are looked at, which must have keys.
 * @see Kafka's `LogValidator` and `ProduceRequest.validateRecords`
 */
export function checkProduced(records: Buffer | null, config: EffectiveTopicConfig, nowMs: number): BatchHeader | Refusal {
  if (records === null || records.length === 0) return refuse('INVALID_RECORD', 'there is no record batch');
  if (records.length < batchHeaderSize) return refuse('INVALID_RECORD', `${records.length} bytes are too few for a record batch`);
  if (batchHeader.magic(records, 0) !== 2)
    return refuse('INVALID_RECORD', `record batches have magic 2, not ${batchHeader.magic(records, 0)}`);
  const size = batchHeader.sizeBytes(records, 0);
  if (size < batchHeaderSize) return refuse('CORRUPT_MESSAGE', `a batch claims ${size} bytes`);
  if (size > records.length) return refuse('INVALID_RECORD', `a batch claims ${size} bytes, there are ${records.length}`);
  if (size < records.length) return refuse('INVALID_RECORD', 'there is more than one record batch for a partition');
  if (size > config.maxMessageBytes) {
    return refuse('MESSAGE_TOO_LARGE', `the batch has ${size} bytes, max.message.bytes is ${config.maxMessageBytes}`);
  }
  if (size > config.segmentBytes)
    return refuse('RECORD_LIST_TOO_LARGE', `the batch has ${size} bytes, segment.bytes is ${config.segmentBytes}`);
  if (!verifyCrc(records, 0)) return refuse('CORRUPT_MESSAGE', 'the checksum does not match');
  try {
    const header = readBatchHeader(records, 0);
    const refusal = refuseHeader(records, header) ?? refuseTimestamp(records, header, config, nowMs);
    return refusal ?? (config.isCompacted ? refuseNullKeys(records) : undefined) ?? header;
  } catch (failure) {
    return refuse('INVALID_RECORD', (failure as Error).message); // a number beyond 53 bits, or records that cannot be read
  }
}

function refuseHeader(records: Buffer, header: BatchHeader): Refusal | undefined {
  const { recordCount } = header;
  const compression = batchHeader.compression(records, 0);
  if (header.baseOffset !== 0) return refuse('INVALID_RECORD', `the batch begins at offset ${header.baseOffset}; producers begin at 0`);
  if (recordCount <= 0) return refuse('INVALID_RECORD', `a batch of ${recordCount} records`);
  if (header.lastOffset - header.baseOffset !== recordCount - 1) {
    return refuse('INVALID_RECORD', `the last offset delta ${header.lastOffset - header.baseOffset} does not fit ${recordCount} records`);
  }
  if (batchHeader.isControl(records, 0)) return refuse('INVALID_RECORD', 'clients may not write control batches');
  if (compression >= compressions.length) return refuse('UNSUPPORTED_COMPRESSION_TYPE', `unknown compression ${compression}`);
  if (header.isTransactional && header.producerId === noProducerId) {
    return refuse('INVALID_RECORD', 'the batch belongs to a transaction, but has no producer id');
  }
  if (header.producerId !== noProducerId && (header.producerEpoch < 0 || header.baseSequence < 0)) {
    return refuse(
      'INVALID_RECORD',
      `producer ${header.producerId} gives epoch ${header.producerEpoch} and sequence ${header.baseSequence}`,
    );
  }
  return undefined;
}

function refuseTimestamp(records: Buffer, header: BatchHeader, config: EffectiveTopicConfig, nowMs: number): Refusal | undefined {
  if (config.usesLogAppendTime) return undefined;
  if (batchHeader.isLogAppendTime(records, 0))
    return refuse('INVALID_TIMESTAMP', 'a producer may not set the timestamp type LogAppendTime');
  const ahead = header.maxTimestamp - nowMs;
  if (ahead > config.timestampAfterMaxMs) {
    return refuse(
      'INVALID_TIMESTAMP',
      `timestamp ${header.maxTimestamp} is ${ahead} ms ahead, message.timestamp.after.max.ms is ${config.timestampAfterMaxMs}`,
    );
  }
  const first = batchHeader.firstTimestamp(records, 0);
  const behind = nowMs - first;
  if (behind > config.timestampBeforeMaxMs) {
    return refuse(
      'INVALID_TIMESTAMP',
      `timestamp ${first} is ${behind} ms behind, message.timestamp.before.max.ms is ${config.timestampBeforeMaxMs}`,
    );
  }
  return undefined;
}

function refuseNullKeys(records: Buffer): Refusal | undefined {
  const spans = new RecordSpans();
  decodeRecords(records, 0, records.length, spans);
  const at = spans.keyStarts.subarray(0, spans.count).indexOf(-1);
  return at < 0 ? undefined : refuse('INVALID_RECORD', `record ${at} of the batch has no key, and the topic is compacted`);
}
