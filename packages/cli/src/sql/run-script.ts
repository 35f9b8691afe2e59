import type { Readable, Writable } from 'node:stream';
import type { ApiClient, JsonRow } from '../api/client.ts';
import { UsageError } from '../usage-error.ts';
import { runStatement } from './run-statement.ts';
import { type ScriptStatement, splitScript } from './split-script.ts';
import { statementKind } from './statement-kind.ts';

export interface ScriptOptions {
  readonly parameters: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Rows for an `INSERT … FORMAT name` that brings none; null where the script itself came from there. */
  readonly data: Readable | null;
}

/** Runs the statements of a script in order, and writes their answers as they come. The first failure ends it. @throws as {@link runStatement} */
export async function runScript(
  client: ApiClient,
  script: string,
  { data, ...options }: ScriptOptions & { readonly format: string; readonly output: Writable },
): Promise<void> {
  for (const { text } of statementsOf(script)) {
    await runStatement(client, text, { ...options, ...(data !== null && statementKind(text).takesData && { data }) });
  }
}

/**
 * Runs the statements of a script in order; the rows of the last one, once it has ended. A query without end is refused by the
 * server, since the format `JSON` needs all rows.
 * @throws as {@link runStatement}, and a UsageError where a statement names a format
 */
export async function lastRows(client: ApiClient, script: string, { data, ...options }: ScriptOptions): Promise<JsonRow[]> {
  const statements = statementsOf(script).map(({ text }) => ({ text, kind: statementKind(text) }));
  if (statements.some(({ kind }) => kind.namesFormat)) throw new UsageError('give either --json or FORMAT in the statement, not both');
  let document = '';
  for (const { text, kind } of statements) {
    const answer = await client.execute(text, { ...options, format: 'JSON', ...(data !== null && kind.takesData && { data }) });
    document = await answer.text();
  }
  return document === '' ? [] : (JSON.parse(document) as { data: JsonRow[] }).data;
}

function statementsOf(script: string): ScriptStatement[] {
  const statements = splitScript(script);
  if (statements.length === 0) throw new UsageError('there is no statement to run');
  return statements;
}
