import { type Column, type RowsEvent, Sql, type SqlQuery } from '@millrace/sdk';
import { deleteEvent, processorDriver, provide, rowsEvent } from '@millrace/sdk/testing';
import { describe, expect, it } from 'vitest';
import sql from '../src/index.ts';

/** An engine that knows one query: rows with v > 1, and of them v doubled. */
class Engine implements Sql {
  readonly compiled: string[] = [];

  check(select: string): void {
    if (!select.startsWith('SELECT')) throw new Error(`${select} is no SELECT`);
  }

  compile(select: string, columns: readonly Column[]): SqlQuery {
    this.compiled.push(`${select} over ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`);
    return {
      columns: [{ name: 'w', type: 'float64' }],
      run: (event: RowsEvent) =>
        rowsEvent(
          event.stream,
          event.rows.filter(({ v }) => Number(v) > 1).map(({ v }) => ({ w: Number(v) * 2 })),
        ),
    };
  }
}

function driverOf(select: string, engine = new Engine()) {
  return processorDriver(sql, { attributes: { sql: select }, services: [provide(Sql, engine)] });
}

describe('the SQL processor', () => {
  it('hands on what the query makes of the rows', async () => {
    expect(await driverOf('SELECT …').run([{ v: 1 }, { v: 2 }, { v: 3 }])).toEqual([{ w: 4 }, { w: 6 }]);
  });

  it('hands on nothing where the query gives no rows', async () => {
    expect(await driverOf('SELECT …').send(rowsEvent('s', [{ v: 1 }]))).toEqual([]);
  });

  it('compiles once for the same columns', async () => {
    const engine = new Engine();
    const driver = driverOf('SELECT …', engine);
    await driver.run([{ v: 1 }]);
    await driver.run([{ v: 2 }]);
    await driver.run([{ v: 2, s: 'x' }]);
    await driver.run([{ v: 3 }]);
    expect(engine.compiled).toEqual(['SELECT … over v float64', 'SELECT … over v float64, s string']);
  });

  it('does not open with what is no query', async () => {
    await expect(driverOf('DELETE').run([{ v: 1 }])).rejects.toThrow('DELETE is no SELECT');
  });

  it('lets deletions pass', async () => {
    const deletion = deleteEvent('s', 'k');
    expect(await driverOf('SELECT …').send(deletion)).toEqual([deletion]);
  });
});
