import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let stream: string;
let pipe: string;

beforeAll(async () => {
  world = await openPipeWorld();
});
afterAll(() => world.close());

beforeEach(async () => {
  stream = freshName('s');
  pipe = freshName('p');
  await world.execute(`CREATE STREAM ${stream} (k string, v int32)`);
  world.target.arrived.length = 0;
  world.target.isBad = () => false;
});

const create = (processor = '') =>
  world.execute(`CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${stream}') ${processor} ${world.target.connector}`);

describe('a target that goes away', () => {
  it('for good stops the pipe after a bounded time, with a message; when it is back START delivers everything', async () => {
    await create();
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1);
    await world.target.untilRows(1);
    await world.target.goAway();
    await world.insert(stream, 2, 3);
    for (let step = 0; step < 40 && (await world.pipe(pipe)).State === 'RUNNING'; step++) world.advance(1000);
    const stopped = await world.untilPipe(pipe, ({ State }) => State === 'STOPPED');
    expect(stopped.ExceptionMessage).toMatch(/http-connector.*cannot be reached/);
    await world.target.comeBack();
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(3);
    expect(world.target.values()).toEqual([1, 2, 3]);
    expect((await world.pipe(pipe)).ExceptionMessage).toBe('None');
  });

  it('and comes back in time is none of the pipe’s troubles: it stays RUNNING and nothing is lost', async () => {
    await create();
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1);
    await world.target.untilRows(1);
    await world.target.goAway();
    await world.insert(stream, 2);
    await world.untilPipe(pipe, ({ State }) => State === 'RUNNING');
    await world.target.comeBack();
    await world.target.untilRows(2);
    expect(world.target.values()).toEqual([1, 2]);
    expect(await world.pipe(pipe)).toMatchObject({ State: 'RUNNING', ExceptionMessage: 'None' });
  });

  it('or answers with an error that passes gets the same rows again', async () => {
    await create();
    world.target.answers.push(503, 429);
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1, 2);
    await world.target.untilRows(2);
    expect(world.target.values()).toEqual([1, 2]);
    expect((await world.pipe(pipe)).State).toBe('RUNNING');
  });
});

describe('a record that cannot be processed', () => {
  const thrower = (more = '') =>
    `WITH PROCESSOR ('processor'='throwing-exception-processor', 'column'='v', 'value'='3', 'message'='no threes' ${more})`;

  it('is tried five times, then the pipe stops there with the message: those before it are delivered, and after it is mended it is the first', async () => {
    await create(thrower());
    await world.insert(stream, 1, 2, 3, 4);
    await world.execute(`START PIPE ${pipe}`);
    const stopped = await world.untilPipe(pipe, ({ State }) => State === 'STOPPED');
    expect(stopped.ExceptionMessage).toMatch(/throwing-exception-processor.*no threes/);
    expect(world.target.values()).toEqual([1, 2]);
    expect(stopped.RemainingEventCount).toBe('2');
    await world.execute(`START PIPE ${pipe}`);
    await world.untilPipe(pipe, ({ State }) => State === 'STOPPED');
    expect(world.target.values()).toEqual([1, 2]);
    await world.execute(`ALTER PIPE ${pipe} REPLACE PROCESSOR (); START PIPE ${pipe}`);
    await world.target.untilRows(4);
    expect(world.target.values()).toEqual([1, 2, 3, 4]);
  });

  it('fewer than five times goes on as if nothing had been', async () => {
    await create(thrower(", 'times'='4'"));
    await world.insert(stream, 1, 2, 3, 4);
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(4);
    expect(world.target.values()).toEqual([1, 2, 3, 4]);
    const lines = (await world.execute(`EXPLAIN PIPE ${pipe}`)).join('\n');
    expect(lines).toMatch(/processor .*errors=4/);
  });

  it('goes to the dead letters with where it comes from, if it is to', async () => {
    await create(thrower(", 'on.error'='dead-letter'"));
    await world.insert(stream, 1, 2, 3, 4);
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(3);
    expect(world.target.values()).toEqual([1, 2, 4]);
    await world.untilDelivered(pipe);
    const topic = await world.topicOf(stream);
    const letters = await world.execute(`SHOW DEAD LETTERS FOR PIPE ${pipe} FORMAT JSONEachRow`);
    expect(letters.map((line) => JSON.parse(line))).toMatchObject([
      { pipe, topic, partition: 0, stage: 'processor', plugin: 'throwing-exception-processor', value: expect.stringContaining('"v":3') },
    ]);
    expect(letters[0]).toContain('no threes');
    await world.execute(`DROP PIPE ${pipe}`);
    expect(await world.execute(`SHOW DEAD LETTERS FOR PIPE ${pipe}`)).toHaveLength(1);
  });

  it('by the target alone goes to the dead letters as well', async () => {
    world.target.isBad = ({ v }) => v === 2;
    await create(`WITH PROCESSOR ('on.error'='dead-letter')`);
    await world.insert(stream, 1, 2, 3);
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(2);
    await world.untilDelivered(pipe);
    expect(world.target.values()).toEqual([1, 3]);
    const letters = await world.execute(`SHOW DEAD LETTERS FOR PIPE ${pipe} FORMAT JSONEachRow`);
    expect(letters.map((line) => JSON.parse(line))).toMatchObject([{ stage: 'connector', plugin: 'http-connector' }]);
  });

  it('is not too large for the dead letters, though it is as large as its stream takes', async () => {
    await world.produce(await world.topicOf(stream), 0, [JSON.stringify({ k: 'x'.repeat(1_048_300), v: 3 })]);
    await create(thrower(", 'on.error'='dead-letter'"));
    await world.execute(`START PIPE ${pipe}`);
    await world.untilDelivered(pipe);
    expect(await world.execute(`SHOW DEAD LETTERS FOR PIPE ${pipe}`)).toHaveLength(1);
  });

  it('stops the pipe where it cannot even be decoded, and goes to the dead letters raw', async () => {
    const topic = await world.topicOf(stream);
    await create();
    await world.insert(stream, 1);
    await world.produce(topic, 0, ['{"k": "k", "v": "no number"}']);
    await world.insert(stream, 2);
    await world.execute(`START PIPE ${pipe}`);
    const stopped = await world.untilPipe(pipe, ({ State }) => State === 'STOPPED');
    expect(stopped.ExceptionMessage).toContain(`${topic}`);
    expect(world.target.values()).toEqual([1]);
    await world.execute(`ALTER PIPE ${pipe} MODIFY EXTRACTOR ('on.error'='dead-letter'); START PIPE ${pipe}`);
    await world.target.untilRows(2);
    expect(world.target.values()).toEqual([1, 2]);
    await world.untilDelivered(pipe);
    const [letter] = await world.execute(`SHOW DEAD LETTERS FOR PIPE ${pipe} FORMAT JSONEachRow`);
    expect(JSON.parse(letter!)).toMatchObject({ stage: 'extractor', value: '{"k": "k", "v": "no number"}' });
  });
});

describe("'auto.restart'='true'", () => {
  it('starts the pipe again by itself after it has failed', async () => {
    await create(
      `WITH PROCESSOR ('processor'='throwing-exception-processor', 'column'='v', 'value'='2', 'auto.restart'='true', 'message'='not yet')`,
    );
    await world.insert(stream, 1, 2);
    await world.execute(`START PIPE ${pipe}`);
    const failed = await world.untilPipe(pipe, ({ State }) => State === 'STOPPED');
    expect(failed.ExceptionMessage).toContain('not yet');
    world.advance(1000);
    await world.untilPipe(pipe, ({ State }) => State === 'RUNNING');
    await world.execute(`STOP PIPE ${pipe}`);
    expect(world.target.values()).toEqual([1]);
  });
});

describe('figures', () => {
  it('of a pipe and its stages are at /metrics', async () => {
    await create();
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1, 2, 3);
    await world.target.untilRows(3);
    await world.untilDelivered(pipe);
    const text = await (await fetch(new URL('/metrics', world.url))).text();
    for (const line of [
      `millrace_pipe_state{pipe="${pipe}",state="running"} 1`,
      `millrace_pipe_in_records_total{pipe="${pipe}"} 3`,
      `millrace_pipe_out_events_total{pipe="${pipe}",stage="connector"} 3`,
      `millrace_pipe_errors_total{pipe="${pipe}",stage="processor"} 0`,
      `millrace_pipe_remaining_events{pipe="${pipe}"} 0`,
    ])
      expect(text).toContain(line);
  });

  it('stand in EXPLAIN PIPE, stage by stage', async () => {
    await create();
    await world.insert(stream, 1, 2, 3);
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(3);
    await world.untilDelivered(pipe);
    const lines = await world.execute(`EXPLAIN PIPE ${pipe}`);
    expect(lines[0]).toBe(`pipe ${pipe}: RUNNING, on.error=stop, auto.restart=false, group millrace.pipe.${pipe}`);
    expect(lines.join('\n')).toMatch(/running: records=3 bytes=\d+ dead_letters=0 loops=0/);
    expect(lines.join('\n')).toMatch(/partition .*\/0: offset=3 end=3 remaining=0 realtime/);
    expect(lines.join('\n')).toMatch(/connector \{connector=http-connector, .*\}: in=3 out=3 retries=0 errors=0/);
  });
});
