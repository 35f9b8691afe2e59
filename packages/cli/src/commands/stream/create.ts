import { Args, Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName, quoteText } from '../../output/sql-text.ts';

export default class StreamCreate extends ClientCommand {
  static override readonly summary = 'Create a stream.';
  static override readonly description = 'A stream is a Kafka topic with a schema. Columns are written as in SQL, each as one argument.';
  static override readonly examples = [
    "<%= config.bin %> stream create trips 'car string' 'speed float32' 'at datetime64(3)' --event-time at",
    "<%= config.bin %> stream create old_topic 'line string' --topic logs --format RawBLOB",
  ];
  static override readonly args = {
    stream: Args.string({ description: 'name of the stream', required: true }),
    columns: Args.string({ description: "a column as in SQL: 'speed float32'", required: true, multiple: true }),
  };
  static override readonly flags = {
    'event-time': Flags.string({ description: 'column that holds the event time' }),
    shards: Flags.integer({ description: 'partitions of the topic', min: 1 }),
    topic: Flags.string({ description: 'topic to read, which may exist already; default: the name' }),
    format: Flags.string({ description: 'format of the records', options: ['JSONEachRow', 'CSV', 'TSV', 'RawBLOB'] }),
    'if-not-exists': Flags.boolean({ description: 'succeed if the stream exists already' }),
  };

  async run() {
    const { args, flags } = await this.parse(StreamCreate);
    const settings = [
      flags['event-time'] === undefined ? null : `event_time_column=${quoteText(flags['event-time'])}`,
      flags.shards === undefined ? null : `shards=${flags.shards}`,
      flags.topic === undefined ? null : `topic=${quoteText(flags.topic)}`,
      flags.format === undefined ? null : `data_format=${quoteText(flags.format)}`,
    ].filter((setting) => setting !== null);
    const clause = settings.length === 0 ? '' : ` SETTINGS ${settings.join(', ')}`;
    const sql = `CREATE STREAM ${flags['if-not-exists'] ? 'IF NOT EXISTS ' : ''}${quoteName(args.stream)} (${args.columns.join(', ')})${clause}`;
    await this.client(flags)
      .execute(sql)
      .then((answer) => answer.text());
    this.log(`created ${args.stream}`);
    return { stream: args.stream, statement: sql };
  }
}
