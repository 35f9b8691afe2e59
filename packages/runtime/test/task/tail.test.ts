import type { FilterNode, LimitNode, ProjectNode } from '@millrace/planner';
import { describe, expect, it } from 'vitest';
import { call, column, constant, fields, int32, newKafka, planOf, Run, record, scan, string } from '../harness.ts';

const over5 = (input = scan({ start: { at: 'latest' } })): ProjectNode => {
  const filter: FilterNode = { node: 'filter', schema: fields, input, predicate: call('greater', column(1, int32), constant(int32, 5)) };
  return { node: 'project', schema: [fields[0]!], input: filter, expressions: [column(0, string)] };
};

describe('a tail', () => {
  it('gives what is written after it is ready, and counts what it leaves out', async () => {
    const kafka = newKafka();
    kafka.append('s', 0, [record('old', 9, 0)]);
    const run = new Run(planOf(over5()), kafka);
    await run.settle();
    expect(run.isReady).toBe(true);
    kafka.append('s', 0, [record('a', 9, 0), record('b', 1, 0), { value: '{"v":"x"}' }, { value: null }]);
    await run.settle();
    expect(run.sink.rows).toEqual([['a']]);
    expect(run.task.statistics()).toMatchObject({ state: 'running', rowsIn: 4, rowsOut: 1, rowsFiltered: 1, rowsUndecodable: 2 });
    expect(run.task.statistics().samples.undecodable[0]).toMatchObject({ topic: 's', partition: 0, offset: 3 });
    await run.cancel();
  });

  it('ends by itself when its LIMIT is reached', async () => {
    const kafka = newKafka();
    const limit: LimitNode = { node: 'limit', schema: [fields[0]!], input: over5(), limit: 2, offset: 1, scope: 'whole' };
    const run = new Run(planOf(limit), kafka);
    await run.settle();
    kafka.append('s', 0, [record('a', 9, 0), record('b', 9, 0)]);
    kafka.append('s', 0, [record('c', 9, 0), record('d', 9, 0)]);
    await run.done;
    expect(run.sink.rows).toEqual([['b'], ['c']]);
    expect(run.sink.isFinished).toBe(true);
  });

  it('names partition and offset of the row whose expression fails', async () => {
    const kafka = newKafka(2);
    const input = over5();
    const plan: ProjectNode = {
      node: 'project',
      schema: [{ name: 'n', type: int32 }],
      input,
      expressions: [{ kind: 'cast', type: int32, operand: column(0, string) }],
    };
    const run = new Run(planOf(plan), kafka);
    await run.settle();
    kafka.append('s', 1, [record('1', 9, 0), record('2', 0, 0), record('3', 9, 0), record('x', 9, 0)]);
    await run.done;
    expect(run.error).toMatchObject({ code: 'DATA_CAST_FAILED', details: { topic: 's', partition: 1, offset: 3 } });
  });
});
