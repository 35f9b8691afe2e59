import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ApiClient } from '../api/client.ts';
import { ServerError } from '../api/errors.ts';
import { ResultObserver } from './result-observer.ts';
import { statementKind } from './statement-kind.ts';

export interface RunOptions {
  /** Format of the answer where the statement names none. */
  readonly format: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly output: Writable;
  readonly signal: AbortSignal;
  /** Rows of an `INSERT … FORMAT name`. */
  readonly data?: Readable;
  /** Called when the answer begins, with what sees it pass, and before each piece of it is written. */
  readonly onAnswer?: (observer: ResultObserver) => void;
  readonly onBytes?: () => void;
}

/**
 * Runs one statement and writes its answer as it comes, no faster than `output` takes it. The lines of EXPLAIN and SHOW CREATE are
 * written as text where the answer would be a table.
 * @throws {ServerError} {@link Unreachable}, or the signal's reason
 */
export async function runStatement(client: ApiClient, statement: string, options: RunOptions): Promise<void> {
  const { output, signal, parameters, data, onAnswer, onBytes } = options;
  const asText = options.format === 'PrettyCompact' && statementKind(statement).isText;
  const format = asText ? 'JSONEachRow' : options.format;
  const answer = await client.execute(statement, { format, parameters, signal, ...(data && { data }) });
  const observer = new ResultObserver(answer.format);
  onAnswer?.(observer);
  try {
    for await (const bytes of answer.bytes()) {
      onBytes?.();
      observer.see(bytes);
      if (!output.write(asText ? firstColumn(bytes) : bytes)) await once(output, 'drain', { signal });
    }
  } catch (thrown) {
    if (thrown instanceof ServerError && observer.closingBorder !== '') output.write(`${observer.closingBorder}\n`);
    throw thrown;
  }
}

/** The first value of each row, a line each. */
function firstColumn(rows: Buffer): string {
  const lines = rows.toString().split('\n');
  return lines.map((line) => (line === '' ? '' : String(Object.values(JSON.parse(line) as object)[0]))).join('\n');
}
