import { parseQuery, parseStatements } from '@millrace/sql';
import { describe, expect, it } from 'vitest';
import { explainPlan, planQuery } from '../src/index.ts';
import { contextOf } from './devices.ts';

/** The queries of Proton's streaming SQL page, as they stand there. */
const page = `
SELECT device, cpu_usage
FROM devices
WHERE cpu_usage >= 99
EMIT STREAM;

SELECT device, count(*)
FROM devices
WHERE cpu_usage > 99
EMIT STREAM PERIODIC INTERVAL 5 SECOND;

SELECT device, max(cpu_usage)
FROM tumble(devices, INTERVAL 5 SECOND)
GROUP BY device, wend
EMIT STREAM AFTER WATERMARK;

SELECT device, max(cpu_usage)
FROM tumble(devices, INTERVAL 5 SECOND)
GROUP BY device, wend
EMIT STREAM AFTER WATERMARK DELAY INTERVAL 2 SECOND;

SELECT device, max(cpu_usage)
FROM tumble(devices, timestamp, INTERVAL 5 SECOND)
GROUP BY device, wend
EMIT STREAM AFTER WATERMARK DELAY INTERVAL 2 SECOND;

SELECT device, max(cpu_usage)
FROM hop(devices, INTERVAL 2 SECOND, INTERVAL 5 SECOND)
GROUP BY device, wend
EMIT STREAM AFTER WATERMARK;
`;

const plans = parseStatements(page).map(({ statement }) => {
  if (statement.kind !== 'select_statement') throw new Error(`${statement.kind} is no query`);
  return planQuery(statement.query, contextOf(page));
});

describe("Proton's streaming SQL page", () => {
  it('plans every query as an unbounded one over devices', () => {
    expect(plans).toHaveLength(6);
    for (const plan of plans) expect(plan).toMatchObject({ bounded: false, streams: ['devices'] });
  });

  it('names the columns as they are written', () => {
    expect(plans[1]!.schema.map(({ name }) => name)).toEqual(['device', 'count(*)']);
    expect(plans[2]!.schema.map(({ name }) => name)).toEqual(['device', 'max(cpu_usage)']);
  });

  it('groups the count without GROUP BY by the column beside it, and says so', () => {
    expect(explainPlan(plans[1]!)).toContain('by device, compute count(), emit every 5s');
    expect(plans[1]!.notices).toEqual([expect.stringContaining('grouped by device')]);
  });

  it('takes _time as event time where none is named', () => {
    expect(explainPlan(plans[2]!)).toContain('tumble(_time, 5 second, UTC)');
    expect(explainPlan(plans[4]!)).toContain('watermark timestamp delay 2s');
  });

  it.each(['WITH DELAY', 'AND DELAY', 'DELAY'])('understands the delay as AFTER WATERMARK %s', (spelling) => {
    const sql = `SELECT max(cpu_usage) FROM TUMBLE(devices, 5s) GROUP BY wend EMIT STREAM AFTER WATERMARK ${spelling} INTERVAL 2 SECOND`;
    expect(explainPlan(planQuery(parseQuery(sql), contextOf(sql)))).toContain('delay 2s');
  });
});
