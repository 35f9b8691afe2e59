import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Args, Flags } from '@oclif/core';
import { SingleBar } from 'cli-progress';
import { ClientCommand } from '../../base-command.ts';
import { quoteName } from '../../output/sql-text.ts';

export default class StreamProduce extends ClientCommand {
  static override readonly summary = 'Write rows from a file or from stdin to a stream.';
  static override readonly description =
    'Lines are sent in blocks; a block that the server refuses ends the command and says which lines are in.';
  static override readonly examples = [
    '<%= config.bin %> stream produce flights flights.ndjson',
    'echo \'{"car":"c1","speed":33}\' | <%= config.bin %> stream produce trips',
  ];
  static override readonly args = {
    stream: Args.string({ description: 'name of the stream', required: true }),
    file: Args.string({ description: 'NDJSON or CSV file; without it stdin is read' }),
  };
  static override readonly flags = {
    format: Flags.string({
      description: 'format of the lines',
      options: ['JSONEachRow', 'CSV', 'CSVWithNames', 'TSV'],
      default: 'JSONEachRow',
    }),
    'block-size': Flags.integer({ description: 'lines in one request', default: 5_000, min: 1 }),
  };

  async run() {
    const { args, flags } = await this.parse(StreamProduce);
    const client = this.client(flags);
    const bar = this.#progressBar(args.file);
    const sql = `INSERT INTO ${quoteName(args.stream)} FORMAT ${flags.format}`;
    const input = args.file === undefined ? process.stdin : createReadStream(args.file);
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
    let header: string | null = null;
    let block: string[] = [];
    let rows = 0;
    const send = async () => {
      if (block.length === 0) return;
      const text = [...(header === null ? [] : [header]), ...block].join('\n');
      await client.execute(sql, { data: `${text}\n` }).then(
        (answer) => answer.text(),
        (failure: Error) => {
          failure.message = `${failure.message}\nlines up to ${rows} are in, nothing of the next ${block.length} is`;
          throw failure;
        },
      );
      rows += block.length;
      bar?.increment(Buffer.byteLength(text));
      block = [];
    };
    for await (const line of lines) {
      if (line.trim() === '') continue;
      if (flags.format === 'CSVWithNames' && header === null) header = line;
      else if (block.push(line) >= flags['block-size']) await send();
    }
    await send();
    bar?.stop();
    this.log(`${rows} rows written to ${args.stream}`);
    return { stream: args.stream, rows };
  }

  /** A bar over the bytes of the file, where there is a terminal to draw it on. */
  #progressBar(file: string | undefined): SingleBar | null {
    if (file === undefined || !process.stderr.isTTY || this.jsonEnabled()) return null;
    const bar = new SingleBar({ format: '{bar} {percentage}% {duration_formatted}', stream: process.stderr, clearOnComplete: true });
    bar.start(statSync(file).size, 0);
    return bar;
  }
}
