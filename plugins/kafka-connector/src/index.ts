import { readFile } from 'node:fs/promises';
import { type AttributeValues, a, defineConnector, Metrics, type TopicCluster, Topics, type TransferContext } from '@millrace/sdk';
import { ClusterWriter } from './cluster-writer.ts';
import { type RecordRules, tombstone, topicRecords } from './topic-records.ts';

const broker = a.string({ pattern: /(\[[0-9a-fA-F:.]+\]|[^\s:,[\]]+):\d{1,5}/, legal: 'host:port' });
const header = a.string({ pattern: /[^=]+=.*/, legal: 'name=text' });

const shape = {
  topic: a
    .string({ pattern: /[a-zA-Z0-9._{}-]+/, legal: "letters, digits, '.', '_', '-', and {stream}" })
    .describe("topic to write to; {stream} is replaced by the stream's name")
    .example('copy-of-{stream}'),
  'key.column': a
    .string()
    .describe("column whose value is the record's key; without it the key of the record that the row comes from")
    .optional(),
  partition: a
    .choice('key', 'source')
    .describe("which partition: by the key's hash, as Java clients do, or the number of the one that the row comes from")
    .default('key'),
  headers: a.list(header).describe('headers of every record').example('site=plant 7,env=test').optional(),
  deletions: a.choice('tombstone', 'ignore').describe('what becomes of deletions: a record without value, or nothing').default('tombstone'),
  brokers: a
    .list(broker)
    .describe("brokers of another cluster; without it the server's own, in one transaction with the pipe's progress: exactly once")
    .example('broker-1:9092,broker-2:9092')
    .optional(),
  'ssl.enabled': a.boolean().describe('speak TLS with `brokers`').default('false'),
  'ssl.ca': a.string().describe("PEM file of the authority that signed the brokers' certificates").optional(),
  'ssl.cert': a.string().describe("PEM file of the client's own certificate, for brokers that ask for one").optional(),
  'ssl.key': a.string().describe('PEM file of its key').optional(),
  'ssl.server-name': a.string().describe("name in the brokers' certificates, where it is not their host").optional(),
  'sasl.mechanism': a.choice('PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512').describe('how to prove to `brokers` who one is').optional(),
  'sasl.username': a.string().describe('as whom').optional(),
  'sasl.password': a.secret().describe('the password').optional(),
};
type Attributes = AttributeValues<typeof shape>;

interface Target {
  readonly topic: string;
  readonly rules: RecordRules;
  readonly sendsDeletions: boolean;
  /** Null: the records are part of the pipe's own transaction. */
  readonly writer: ClusterWriter | null;
  readonly metrics: Metrics;
}

export default defineConnector({
  name: 'kafka-connector',
  summary: "Writes each row as a record of JSON into a topic: exactly once into the server's own cluster, at least once into another.",
  attributes: a.object(shape).check(problemsOf),
  inject: { topics: Topics, metrics: Metrics },
  isTransactional: ({ brokers }) => brokers === undefined,
  async open({ attributes, topics, metrics }): Promise<Target> {
    const { topic, headers, deletions, partition, brokers } = attributes;
    const rules = {
      keyColumn: attributes['key.column'],
      keepsPartition: partition === 'source',
      headers: (headers ?? []).map((text) => ({
        key: text.slice(0, text.indexOf('=')),
        value: Buffer.from(text.slice(text.indexOf('=') + 1)),
      })),
    };
    const writer = brokers === undefined ? null : await ClusterWriter.open(topics, await clusterOf(brokers, attributes));
    return { topic, rules, sendsDeletions: deletions === 'tombstone', writer, metrics };
  },
  async transfer(target, event, context) {
    await writerOf(target, context).send(topicOf(target, event.stream), topicRecords(event, target.rules, context));
  },
  async delete(target, event, context) {
    if (!target.sendsDeletions) return;
    const record = tombstone(event, target.rules, context);
    if (record === undefined) target.metrics.count('deletions_without_key');
    else await writerOf(target, context).send(topicOf(target, event.stream), [record]);
  },
  async close({ writer }) {
    await writer?.close();
  },
});

function problemsOf(values: Attributes): string[] {
  const problems: string[] = [];
  const { brokers } = values;
  if (values.topic.replaceAll('{stream}', '').match(/[{}]/))
    problems.push(`'topic' = '${values.topic}' has another placeholder than {stream}`);
  if (brokers === undefined && (values['ssl.enabled'] || values['sasl.mechanism'] !== undefined)) {
    problems.push("'ssl.enabled' and 'sasl.mechanism' are for 'brokers', which is missing");
  }
  if ((values['ssl.cert'] === undefined) !== (values['ssl.key'] === undefined)) problems.push("'ssl.cert' and 'ssl.key' go together");
  if (values['sasl.mechanism'] !== undefined && (values['sasl.username'] === undefined || values['sasl.password'] === undefined)) {
    problems.push("'sasl.mechanism' needs 'sasl.username' and 'sasl.password'");
  }
  return problems;
}

async function clusterOf(brokers: readonly string[], attributes: Attributes): Promise<TopicCluster> {
  const { 'sasl.mechanism': mechanism, 'sasl.username': username = '', 'sasl.password': password = '' } = attributes;
  return {
    brokers,
    ...(attributes['ssl.enabled'] && { ssl: await tlsOf(attributes) }),
    ...(mechanism !== undefined && { sasl: { mechanism, username, password } }),
  };
}

async function tlsOf(attributes: Attributes): Promise<NonNullable<TopicCluster['ssl']>> {
  const files = { ca: attributes['ssl.ca'], cert: attributes['ssl.cert'], key: attributes['ssl.key'] };
  const named = Object.entries(files).flatMap(([name, path]) => (path === undefined ? [] : [{ name, path }]));
  const texts = await Promise.all(named.map(async ({ name, path }) => [name, await readFile(path, 'utf8')] as const));
  const serverName = attributes['ssl.server-name'];
  return { ...Object.fromEntries(texts), ...(serverName !== undefined && { serverName }) };
}

function topicOf({ topic }: Target, stream: string): string {
  return topic.replaceAll('{stream}', stream);
}

function writerOf({ writer }: Target, { transaction }: Pick<TransferContext, 'transaction'>): Pick<ClusterWriter, 'send'> {
  const found = writer ?? transaction;
  if (found === undefined) throw new Error('the pipe has opened no transaction');
  return found;
}
