import { expect } from 'vitest';
import type { LiveQuery } from '../harness/live-query.ts';
import type { TestServer } from '../harness/server.ts';
import { expandTime, parseCase, type Step, shortenRow } from './parse-case.ts';

interface Running {
  readonly sql: string;
  readonly query: LiveQuery;
  /** Every row that was expected so far: what a replay has to give. */
  readonly expected: string[];
}

/** How long rows that have to come may take: only a failing case waits so long. */
const patienceMs = 5_000;

/**
 * Plays one case against a server. Streams keep their names as written, so each case needs a catalog of its own.
 * Nothing is awaited by the clock: after a batch the runner waits until the query has consumed up to its end offset.
 */
export class CaseRunner {
  readonly #server: TestServer;
  readonly #queries = new Map<string, Running>();
  /** End offsets by topic and partition, as the produced batches gave them. */
  readonly #ends = new Map<string, Map<number, number>>();
  readonly #columns = new Map<string, readonly { name: string; type: string }[]>();
  #last: { rows: string[] } | { error: string } = { rows: [] };

  constructor(server: TestServer) {
    this.#server = server;
  }

  async play(text: string): Promise<void> {
    const steps = parseCase(text);
    for (const [index, step] of steps.entries()) {
      try {
        await this.#play(step, steps[index + 1]);
      } catch (failure) {
        if (failure instanceof Error) failure.message = `line ${step.line}: ${failure.message}`;
        throw failure;
      }
    }
    for (const { query } of this.#queries.values()) await query.close();
  }

  async #play(step: Step, next: Step | undefined): Promise<void> {
    switch (step.kind) {
      case 'statement':
        this.#last = await this.#server.execute(step.sql.replace(/;$/, '')).then(
          (rows) => ({ rows }),
          (failure: Error) => ({ error: failure.message }),
        );
        if ('error' in this.#last && next?.kind !== 'error') throw new Error(this.#last.error);
        return;
      case 'answer':
        expect('rows' in this.#last ? this.#last.rows.map(shortenRow) : this.#last.error).toEqual(step.rows);
        return;
      case 'error':
        return this.#expectError(step.name, step.pattern);
      case 'query': {
        const query = await this.#server.openQuery(step.sql, step.fromEarliest ? { seek_to: 'earliest' } : {});
        this.#queries.set(step.name, { sql: step.sql, query, expected: [] });
        return;
      }
      case 'batch': {
        const columns = await this.#columnsOf(step.stream);
        return this.#produce(
          step.stream,
          step.partition,
          step.rows.map((row) => encodeRow(columns, row)),
        );
      }
      case 'raw':
        return this.#produce(step.stream, step.partition, step.values);
      case 'expect': {
        const running = this.#running(step.name);
        await this.#settle(running);
        await running.query.waitForRows(running.expected.length + step.rows.length, patienceMs);
        expect(running.query.takeRows().map(shortenRow)).toEqual(step.rows);
        running.expected.push(...step.rows);
        return;
      }
      case 'late':
      case 'undecodable': {
        const running = this.#running(step.name);
        await this.#settle(running);
        const progress = await this.#server.progress(running.query.queryId);
        expect(step.kind === 'late' ? progress?.rowsLate : progress?.rowsUndecodable).toBe(step.count);
        return;
      }
      case 'advance':
        return this.#advance(step.ms);
      case 'ends':
        return this.#running(step.name).query.ended();
      case 'replay':
        return this.#replay(this.#running(step.name));
    }
  }

  /** Moves the clock once everything produced is consumed; what falls due has happened when the queries have answered a few times. */
  async #advance(ms: number): Promise<void> {
    const running = [...this.#queries.values()].filter(({ query }) => !query.isOver);
    for (const each of running) await this.#settle(each);
    this.#server.advance(ms);
    for (let round = 0; round < 3; round++) for (const { query } of running) await this.#server.progress(query.queryId);
  }

  #running(name: string): Running {
    const running = this.#queries.get(name);
    if (running === undefined) throw new Error(`no query is named ${name}`);
    return running;
  }

  async #expectError(name: string | null, pattern: string): Promise<void> {
    const [, number, piece] = pattern.match(/^(\d+)\s*(.*)$/)!;
    const text =
      name === null
        ? 'error' in this.#last
          ? this.#last.error
          : `no error, but ${JSON.stringify(this.#last.rows)}`
        : await this.#running(name).query.failure();
    expect(text).toContain(`Code: ${number}.`);
    expect(text).toContain(piece!);
  }

  async #columnsOf(stream: string) {
    const known = this.#columns.get(stream);
    if (known !== undefined) return known;
    const columns = (await this.#server.execute(`DESCRIBE ${stream}`)).map((row) => {
      const [name, type] = row.split('\t');
      return { name: name!, type: type! };
    });
    this.#columns.set(stream, columns);
    return columns;
  }

  async #produce(stream: string, partition: number, values: readonly string[]): Promise<void> {
    const topic = await this.#server.topicOf(stream);
    const end = await this.#server.produce(topic, partition, values);
    const ends = this.#ends.get(topic) ?? new Map<number, number>();
    this.#ends.set(topic, ends.set(partition, end));
  }

  /** Waits until the query has consumed what was produced, and every row it made of it is here; or until it has ended. */
  async #settle({ query }: Running): Promise<void> {
    while (!query.isOver) {
      const progress = await this.#server.progress(query.queryId);
      if (progress === null) return query.ended();
      const behind = progress.partitions.some(
        ({ topic, partition, nextOffset }) => nextOffset < (this.#ends.get(topic)?.get(partition) ?? 0),
      );
      if (!behind) return query.waitForRows(progress.rowsOut);
    }
  }

  async #replay({ sql, expected }: Running): Promise<void> {
    const query = await this.#server.openQuery(sql, { seek_to: 'earliest' });
    await this.#settle({ sql, query, expected });
    expect(query.takeRows().map(shortenRow)).toEqual(expected);
    await query.close();
  }
}

/** A row of a batch as a JSON record; `-` leaves its field out, numbers of numeric columns stay numbers. */
function encodeRow(columns: readonly { name: string; type: string }[], fields: readonly string[]): string {
  const record: Record<string, unknown> = {};
  for (const [index, field] of fields.entries()) {
    const column = columns[index];
    if (column === undefined) throw new Error(`a row has ${fields.length} fields, the stream ${columns.length} columns`);
    if (field === '-') continue;
    if (field === 'null') record[column.name] = null;
    else if (/^[[{]/.test(field)) record[column.name] = JSON.parse(field);
    else if (/int|float|bool/.test(column.type) && !/array|map/.test(column.type)) record[column.name] = JSON.parse(field);
    else record[column.name] = expandTime(field);
  }
  return JSON.stringify(record);
}
