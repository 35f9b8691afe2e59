import { type ErrorCode, MillraceError } from '@millrace/core';
import { errorOf, type KafkaErrorName } from '@millrace/kafka-protocol';

const codes: Partial<Record<KafkaErrorName, ErrorCode>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'KAFKA_TOPIC_UNKNOWN',
  UNKNOWN_TOPIC_ID: 'KAFKA_TOPIC_UNKNOWN',
  MESSAGE_TOO_LARGE: 'KAFKA_RECORD_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'KAFKA_RECORD_TOO_LARGE',
  CORRUPT_MESSAGE: 'KAFKA_RECORD_CORRUPT',
  ILLEGAL_GENERATION: 'KAFKA_FENCED',
  UNKNOWN_MEMBER_ID: 'KAFKA_FENCED',
  FENCED_INSTANCE_ID: 'KAFKA_FENCED',
  INVALID_PRODUCER_EPOCH: 'KAFKA_FENCED',
  PRODUCER_FENCED: 'KAFKA_FENCED',
  // The transactional id belongs to another producer id by now.
  INVALID_PRODUCER_ID_MAPPING: 'KAFKA_FENCED',
};

/**
 * The error for what a broker answered instead of success.
 * @param what e.g. `Produce to metrics[3]`.
 * @param said the broker's own words, where it adds some
 */
export function refused(
  code: number,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
  said: string | null = null,
): MillraceError {
  const { name, message, retriable } = errorOf(code);
  return new MillraceError(codes[name] ?? 'KAFKA_REQUEST_REFUSED', `${what} was refused: ${said || message} (${name})`, {
    details: { ...details, kafkaError: name, kafkaCode: code },
    retryable: retriable,
  });
}

/** @throws {MillraceError} see {@link refused}, unless the code is 0. */
export function checkCode(code: number, what: string, details?: Readonly<Record<string, unknown>>): void {
  if (code !== 0) throw refused(code, what, details);
}

/** The name of Kafka's error that an error came from, if it did. */
export function kafkaErrorOf(error: unknown): KafkaErrorName | undefined {
  return error instanceof MillraceError ? (error.details.kafkaError as KafkaErrorName | undefined) : undefined;
}
