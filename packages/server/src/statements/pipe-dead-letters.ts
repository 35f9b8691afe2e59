import { fromText, parseDataType, type Schema, type Value } from '@millrace/data';
import type { RecordHeader } from '@millrace/kafka-protocol';
import { kafkaSource, readPartition, recordAt } from '@millrace/runtime';
import type { ShowPipeDeadLetters } from '@millrace/sql';
import { pipeNames } from '../pipes/pipe-names.ts';
import { type Answer, fixedRows, readRows } from './answer.ts';
import type { Services } from './services.ts';

const columns = {
  pipe: 'string',
  topic: 'string',
  partition: 'int32',
  offset: 'int64',
  timestamp: "datetime64(3, 'UTC')",
  stage: 'string',
  plugin: 'string',
  error: 'string',
  key: 'nullable(string)',
  value: 'nullable(string)',
} as const;
const schema: Schema = Object.entries(columns).map(([name, type]) => ({ name, type: parseDataType(type) }));

/** SHOW DEAD LETTERS FOR PIPE: the records that it has passed over, the oldest first. They outlive the pipe. */
export async function showPipeDeadLetters({ name: { name } }: ShowPipeDeadLetters, services: Services): Promise<Answer> {
  const { catalog, admin, kafka } = services;
  const { deadLetterTopic } = pipeNames(name);
  if (!(await admin.listTopics()).includes(deadLetterTopic)) {
    catalog.pipes.expect(name);
    return fixedRows(schema, []);
  }
  return readRows(schema, async function* (signal) {
    for await (const spans of readPartition(kafkaSource(kafka), deadLetterTopic, 0, signal)) {
      const rows = Array.from({ length: spans.count }, (_, i) => rowOf(name, recordAt(spans, i)));
      if (rows.length > 0) yield rows;
    }
  });
}

interface Letter {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

/** Where it comes from stands behind the record's own headers. */
function rowOf(pipe: string, { key, value, headers }: Letter): Value[] {
  const text = (name: string) => headers.findLast((header) => header.key === `millrace.${name}`)?.value?.toString() ?? '';
  const bytes = (part: Buffer | null) => (part === null ? null : part.toString('latin1'));
  return [
    fromText(pipe),
    fromText(text('topic')),
    Number(text('partition')),
    BigInt(text('offset')),
    Number(text('timestamp')),
    fromText(text('stage')),
    fromText(text('plugin')),
    fromText(text('error')),
    bytes(key),
    bytes(value),
  ];
}
