import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Args, Flags } from '@oclif/core';
import { SingleBar } from 'cli-progress';
import { ClientCommand } from '../../base-command.ts';
import { untilInterrupted } from '../../interrupt.ts';
import { quoteName } from '../../output/sql-text.ts';
import { openFile } from '../../read-file.ts';

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
    const sql = `INSERT INTO ${quoteName(args.stream)} FORMAT ${flags.format}`;
    const signal = untilInterrupted();
    const file = args.file === undefined ? null : await openFile(args.file);
    const bar = file === null || this.jsonEnabled() ? null : startBar((await file.stat()).size);
    let rows = 0;
    try {
      for await (const { text, count } of blocksOf(file?.createReadStream() ?? process.stdin, flags)) {
        signal.throwIfAborted();
        await client.rows(sql, { data: text }).catch((failure: Error) => {
          if (rows > 0) failure.message += ` (counted behind the first ${rows} rows, which are written)`;
          throw failure;
        });
        rows += count;
        bar?.increment(Buffer.byteLength(text));
      }
    } finally {
      bar?.stop();
      await file?.close();
    }
    this.log(`${rows} ${rows === 1 ? 'row' : 'rows'} written to ${args.stream}`);
    return { stream: args.stream, rows };
  }
}

/** Lines that go in one request: one INSERT, one record batch a partition. */
interface LineBlock {
  readonly text: string;
  readonly count: number;
}

/** The rows of the input in blocks, each below its own header where the format has one. */
async function* blocksOf(
  input: Readable,
  { format, 'block-size': blockSize }: { readonly format: string; readonly 'block-size': number },
): AsyncGenerator<LineBlock> {
  let header: string | null = format === 'CSVWithNames' ? null : '';
  let lines: string[] = [];
  const block = () => ({ text: `${header}${lines.join('\n')}\n`, count: lines.length });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    if (header === null) header = `${line}\n`;
    else if (lines.push(line) >= blockSize) {
      yield block();
      lines = [];
    }
  }
  if (lines.length > 0) yield block();
}

/** A bar over the bytes of the file, where there is a terminal to draw it on. */
function startBar(bytes: number): SingleBar | null {
  if (!process.stderr.isTTY) return null;
  const bar = new SingleBar({ format: '{bar} {percentage}% {duration_formatted}', stream: process.stderr, clearOnComplete: true });
  bar.start(bytes, 0);
  return bar;
}
