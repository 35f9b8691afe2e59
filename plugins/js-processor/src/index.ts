import { readFile } from 'node:fs/promises';
import { a, defineProcessor } from '@millrace/sdk';
import { Program } from './program.ts';

export default defineProcessor({
  name: 'js-processor',
  summary: 'Changes, drops and adds rows by JavaScript. It is code: it runs in the server, without files, network or modules.',
  attributes: a
    .object({
      expression: a
        .string()
        .describe(
          'gives for `row` (beside `key`, `time`, `stream`, `state`) another row, an array of rows, true for the row as it came, null or false for none',
        )
        .example('row.v > 10 ? { ...row, v: row.v * 2 } : null')
        .optional(),
      file: a
        .string()
        .describe('in place of an expression: a script that sets module.exports to a function (row, { key, time, stream, state })')
        .example('/etc/millrace/enrich.js')
        .optional(),
      timeout: a.duration({ min: 1, max: 60_000 }).describe('how long the rows of one event may take; others wait meanwhile').default('1s'),
    })
    .check(({ expression, file }) => {
      if ((expression === undefined) === (file === undefined)) return ["one of 'expression' and 'file' is needed"];
      return expression === undefined ? [] : problemsOf(expression);
    }),
  async open({ attributes: { expression, file, timeout } }): Promise<Program> {
    if (expression !== undefined) return Program.ofExpression(expression, timeout);
    return Program.ofModule(await readFile(file!, 'utf8'), file!, timeout);
  },
  processBatch(event, emit, program, { state }) {
    const { rows, sources } = program.run(event, state);
    emit.rows(rows, undefined, sources);
  },
});

function problemsOf(expression: string): string[] {
  try {
    Program.ofExpression(expression, 1000);
    return [];
  } catch (error) {
    return [`'expression' = '${expression}' is no JavaScript: ${(error as Error).message}`];
  }
}
