import type { ApiClient, JsonRow } from '../api/client.ts';
import { type Finding, finding } from './check.ts';

/** Whether a server answers, and what of its views, pipes and plugins needs somebody. */
export async function checkServer(client: ApiClient): Promise<readonly Finding[]> {
  const answers = await finding('server', async () => ({ state: 'ok', detail: `${client.url}, version ${await client.version()}` }));
  if (answers.state === 'failed') return [answers];
  const what = [
    { check: 'materialized views', statement: 'SHOW MATERIALIZED VIEWS', name: 'name', error: 'error', hint: 'millrace view show <view>' },
    { check: 'pipes', statement: 'SHOW PIPES', name: 'ID', error: 'ExceptionMessage', hint: 'millrace pipe show <pipe>' },
    {
      check: 'plugins',
      statement: 'SHOW PIPEPLUGINS',
      name: 'PluginName',
      error: 'ExceptionMessage',
      hint: 'mend the package in pipe_lib_dir, or drop it',
    },
  ];
  const findings = what.map(({ check, statement, name, error, hint }) =>
    finding(check, async () => {
      const rows = await client.rows(statement);
      const broken = rows.filter((row) => hasError(row, error)).map((row) => `${String(row[name])}: ${String(row[error])}`);
      if (broken.length === 0) return { state: 'ok', detail: `${rows.length}, none with an error` };
      return { state: 'warning', detail: `${broken.length} of ${rows.length} with an error: ${broken.join('; ')}`, hint };
    }),
  );
  return [answers, ...(await Promise.all(findings))];
}

function hasError(row: JsonRow, column: string): boolean {
  const error = row[column] ?? '';
  return error !== '' && error !== 'None';
}
