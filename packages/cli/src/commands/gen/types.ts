import { writeFile } from 'node:fs/promises';
import { Flags } from '@oclif/core';
import { ClientCommand } from '../../base-command.ts';
import { quoteName, quoteText } from '../../output/sql-text.ts';
import { rowTypes, type StreamColumns } from '../../plugin/row-types.ts';

export default class GenTypes extends ClientCommand {
  static override readonly summary =
    "Write TypeScript types of the rows of all streams: `StreamRow<'clicks'>` of the SDK is typed by them.";
  static override readonly examples = [
    '<%= config.bin %> gen types',
    "<%= config.bin %> gen types --like 'flight%' --out src/flights.d.ts",
  ];
  static override readonly flags = {
    out: Flags.string({ description: 'file to write; - prints it', default: 'streams.d.ts' }),
    like: Flags.string({ description: 'only streams with names like this pattern (% and _)' }),
  };

  async run() {
    const { flags } = await this.parse(GenTypes);
    const client = this.client(flags);
    const like = flags.like === undefined ? '' : ` LIKE ${quoteText(flags.like)}`;
    const streams: StreamColumns[] = [];
    for (const row of await client.rows(`SHOW STREAMS${like}`)) {
      const name = String(Object.values(row)[0]);
      const columns = await client.rows(`DESCRIBE ${quoteName(name)}`);
      streams.push({ name, columns: columns.map((column) => ({ name: String(column['name']), type: String(column['type']) })) });
    }
    const text = rowTypes(streams);
    if (flags.out === '-') this.log(text.trimEnd());
    else {
      await writeFile(flags.out, text);
      this.log(`wrote ${flags.out}: ${streams.length} ${streams.length === 1 ? 'stream' : 'streams'}`);
    }
    return { out: flags.out, streams: streams.map(({ name }) => name) };
  }
}
