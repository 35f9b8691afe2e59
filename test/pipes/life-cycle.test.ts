import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
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
});

const ofStream = () => `WITH EXTRACTOR ('extractor.pattern'='root.${stream}')`;
const create = (name = pipe) => world.execute(`CREATE PIPE ${name} ${ofStream()} ${world.target.connector}`);

describe('a pipe', () => {
  it('is stopped after CREATE, and nothing is delivered until it is started: then what was there, then what comes', async () => {
    await world.insert(stream, 1);
    await create();
    const witness = freshName('w');
    await world.execute(
      `CREATE PIPE ${witness} ${ofStream()} WITH PROCESSOR ('processor'='sql-processor', 'sql'='SELECT v + 100 AS v FROM event') ${world.target.connector}`,
    );
    await world.execute(`START PIPE ${witness}`);
    await world.target.untilRows(1);
    expect(world.target.values()).toEqual([101]);
    expect(await world.pipe(pipe)).toMatchObject({ State: 'STOPPED', ExceptionMessage: 'None', RemainingEventCount: '1' });
    await world.execute(`DROP PIPE ${witness}; START PIPE ${pipe}`);
    await world.target.untilRows(2);
    await world.insert(stream, 2);
    await world.target.untilRows(3);
    expect(world.target.values()).toEqual([101, 1, 2]);
    expect((await world.pipe(pipe)).State).toBe('RUNNING');
  });

  it('that is stopped keeps where it is: what is written meanwhile arrives after START, once', async () => {
    await create();
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1);
    await world.target.untilRows(1);
    await world.execute(`STOP PIPE ${pipe}`);
    await world.insert(stream, 2);
    expect(await world.pipe(pipe)).toMatchObject({ State: 'STOPPED', RemainingEventCount: '1', EstimatedRemainingSeconds: '\\N' });
    expect(world.target.values()).toEqual([1]);
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 3);
    await world.target.untilRows(3);
    expect(world.target.values()).toEqual([1, 2, 3]);
  });

  it('that is dropped while it runs is gone, delivers nothing more, and begins anew when it is created again', async () => {
    await create();
    await world.execute(`START PIPE ${pipe}`);
    await world.insert(stream, 1);
    await world.target.untilRows(1);
    await world.execute(`DROP PIPE ${pipe}`);
    expect(await world.pipes(`LIKE '${pipe}'`)).toEqual([]);
    await world.insert(stream, 2);
    await create();
    expect(world.target.values()).toEqual([1]);
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(3);
    expect(world.target.values()).toEqual([1, 1, 2]);
  });

  it('that exists already is not created: 1107, and there is one', async () => {
    await create();
    expect(await world.errorOf(`CREATE PIPE ${pipe} ${world.target.connector}`)).toContain(
      `Code: 1107. DB::Exception: the pipe ${pipe} exists already. (PIPE_ERROR)`,
    );
    await world.execute(`CREATE PIPE IF NOT EXISTS ${pipe} WITH CONNECTOR ('connector'='do-nothing-connector')`);
    expect(await world.pipes(`LIKE '${pipe}'`)).toHaveLength(1);
  });

  it('is created once and dropped once, though ten clients ask for it at a time', async () => {
    const created = await Promise.allSettled(Array.from({ length: 10 }, () => create()));
    expect(created.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await world.pipes(`LIKE '${pipe}'`)).toHaveLength(1);
    const dropped = await Promise.allSettled(Array.from({ length: 10 }, () => world.execute(`DROP PIPE ${pipe}`)));
    expect(dropped.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await world.pipes(`LIKE '${pipe}'`)).toEqual([]);
  });

  it('that is not there is named by each statement', async () => {
    await create('existing');
    for (const statement of ['START PIPE', 'STOP PIPE', 'DROP PIPE', 'SHOW PIPE', 'EXPLAIN PIPE', 'SHOW PIPES WHERE CONNECTOR USED BY'])
      expect(await world.errorOf(`${statement} exsting`)).toContain('Code: 1107. DB::Exception: there is no pipe exsting. (PIPE_ERROR)');
    expect(await world.errorOf('DROP PIPE exsting')).toContain('did you mean existing?');
    expect(await world.errorOf(`ALTER PIPE exsting MODIFY CONNECTOR ()`)).toContain('there is no pipe exsting');
    await world.execute('DROP PIPE IF EXISTS exsting; DROP PIPE existing');
  });

  it('that runs is not started again, nor one that is stopped stopped: both succeed and say so', async () => {
    await create();
    expect(await world.execute(`STOP PIPE ${pipe}`)).toEqual([`the pipe ${pipe} is stopped already, nothing has changed`]);
    expect(await world.execute(`START PIPE ${pipe}`)).toEqual([`the pipe ${pipe} runs`]);
    expect(await world.execute(`START PIPE ${pipe}`)).toEqual([`the pipe ${pipe} is running already, nothing has changed`]);
    expect(await world.execute(`STOP PIPE ${pipe}`)).toEqual([`the pipe ${pipe} is stopped`]);
  });

  it('goes on where it is with the attributes that ALTER gives it', async () => {
    await world.insert(stream, 1, 2);
    await world.execute(
      `CREATE PIPE ${pipe} ${ofStream()} WITH PROCESSOR ('processor'='sql-processor', 'sql'='SELECT v FROM event') ${world.target.connector}`,
    );
    await world.execute(`START PIPE ${pipe}`);
    await world.target.untilRows(2);
    await world.untilDelivered(pipe);
    await world.execute(`ALTER PIPE ${pipe} MODIFY PROCESSOR ('processor.sql'='SELECT v * 10 AS v FROM event')`);
    await world.insert(stream, 3);
    await world.target.untilRows(3);
    await world.untilDelivered(pipe);
    await world.execute(`ALTER PIPE ${pipe} REPLACE PROCESSOR ()`);
    await world.insert(stream, 4);
    await world.target.untilRows(4);
    expect(world.target.values()).toEqual([1, 2, 30, 4]);
    expect((await world.pipe(pipe)).PipeProcessor).toBe('{processor=do-nothing-processor}');
    expect(await world.errorOf(`ALTER PIPE ${pipe} MODIFY PROCESSOR ('processor.sql'='x')`)).toContain("'processor.sql'");
    expect((await world.pipe(pipe)).PipeProcessor).toBe('{processor=do-nothing-processor}');
  });
});

describe('the name of a pipe', () => {
  it.each([
    ['Pipe_1', 'Pipe_1'],
    ['null', 'null'],
    ['`33`', '33'],
    ['中文', '中文'],
    ['with', 'with'],
    ['"iotdb-kafka"', 'iotdb-kafka'],
  ])('may be %s, and is shown exactly so', async (written, name) => {
    await world.execute(`CREATE PIPE ${written} ${ofStream()} ${world.target.connector}`);
    await world.insert(stream, 7);
    await world.execute(`START PIPE ${written}`);
    await world.target.untilRows(1);
    expect((await world.pipes()).map(({ ID }) => ID)).toContain(name);
    expect((await world.execute(`SHOW PIPE ${written}`))[0]!.split('\t')[0]).toBe(name);
    await world.execute(`DROP PIPE ${written}`);
  });

  it.each(['"."', '".."', '"/x"', '"a/b"', '"a\\\\b"'])(
    'is not %s: it is refused, and nothing lies outside of the library',
    async (written) => {
      expect(await world.errorOf(`CREATE PIPE ${written} ${world.target.connector}`)).toMatch(
        /Code: 1107\. DB::Exception: a pipe cannot be called/,
      );
      expect(await world.errorOf(`CREATE PIPEPLUGIN ${written} AS 'x' USING URI 'file:///nowhere.js'`)).toMatch(
        /a plugin cannot be called/,
      );
    },
  );
});

describe('CREATE PIPE', () => {
  it('refuses stages in another order, as syntax', async () => {
    expect(await world.errorOf(`CREATE PIPE ${pipe} ${world.target.connector} ${ofStream()}`)).toContain('Code: 62. ');
  });

  it('does not go without a connector, and with nothing but a connector takes the defaults', async () => {
    expect(await world.errorOf(`CREATE PIPE ${pipe} ${ofStream()}`)).toContain('a pipe needs a connector');
    expect(await world.errorOf(`CREATE PIPE ${pipe} WITH CONNECTOR ('url'='x')`)).toContain(`'connector' is missing`);
    await world.execute(`CREATE PIPE ${pipe} WITH CONNECTOR ('connector'='do-nothing-connector')`);
    expect(await world.pipe(pipe)).toMatchObject({
      PipeExtractor: '{extractor=iotdb-extractor}',
      PipeProcessor: '{processor=do-nothing-processor}',
      PipeConnector: '{connector=do-nothing-connector}',
    });
  });

  it('takes keys and values in either quotes, and nothing else', async () => {
    await world.execute(
      `CREATE PIPE ${pipe} WITH EXTRACTOR ("extractor.pattern"='root.${stream}',) WITH SINK ('sink'="do-nothing-connector")`,
    );
    expect(await world.pipe(pipe)).toMatchObject({
      PipeExtractor: `{extractor=iotdb-extractor, extractor.pattern=root.${stream}}`,
      PipeConnector: '{sink=do-nothing-connector}',
    });
    for (const list of [`('sink'=do-nothing-connector)`, `(sink='x')`, "('sink'=`x`)", `('sink'='a', 'sink'='b')`])
      expect(await world.errorOf(`CREATE PIPE other WITH SINK ${list}`)).toContain('Code: 62. ');
  });

  it('names a plugin that is not there, and one that is near', async () => {
    const error = await world.errorOf(`CREATE PIPE ${pipe} WITH CONNECTOR ('connector'='htpp-connector')`);
    expect(error).toMatch(/Code: 1107\. .*htpp-connector/);
    expect(error).toContain('http-connector');
    expect(await world.pipes(`LIKE '${pipe}'`)).toEqual([]);
  });

  it('tells all that is wrong with the attributes of all stages at once', async () => {
    const error = await world.errorOf(
      `CREATE PIPE ${pipe} WITH EXTRACTOR ('extractor.patern'='root', 'history.enable'='maybe')
       WITH PROCESSOR ('processor'='do-nothing-processor', 'on.error'='skip')
       WITH CONNECTOR ('connector'='http-connector', 'timeout'='soon')`,
    );
    for (const part of [
      "'extractor.patern'",
      "did you mean 'pattern'?",
      "'history.enable' = 'maybe'",
      "'on.error' = 'skip'",
      "'timeout' = 'soon'",
      "'url' is missing",
    ])
      expect(error).toContain(part);
    expect(error).toContain('Code: 1107. ');
  });

  it('fails if the target cannot be reached, and leaves nothing', async () => {
    const away = await world.errorOf(
      `CREATE PIPE ${pipe} ${ofStream()} WITH CONNECTOR ('connector'='http-connector', 'url'='http://127.0.0.1:1/')`,
    );
    expect(away).toMatch(/Code: 1107\. .*http-connector.*127\.0\.0\.1:1/);
    expect(await world.pipes(`LIKE '${pipe}'`)).toEqual([]);
    await create();
  });

  it.each([
    ["'history.enable'='false', 'realtime.enable'='false'", "'history.enable' and 'realtime.enable' are both false"],
    ["'history.start-time'='yesterday'", "'history.start-time' = 'yesterday'"],
    ["'source.history.end-time'='2011-13-01'", "'source.history.end-time' = '2011-13-01'"],
    ["'history.start-time'='2022-01-02', 'history.end-time'='2022-01-01'", "is after 'history.end-time'"],
  ])('refuses %s', async (attributes, reason) => {
    const error = await world.errorOf(
      `CREATE PIPE ${pipe} WITH EXTRACTOR (${attributes}) WITH CONNECTOR ('connector'='do-nothing-connector')`,
    );
    expect(error).toContain('Code: 1107. ');
    expect(error).toContain(reason);
  });
});

describe('SHOW PIPES', () => {
  it('prints no secrets', async () => {
    await world.execute(
      `CREATE PIPE ${pipe} WITH CONNECTOR ('connector'='http-connector', 'url'='${world.target.url}', 'user'='u', 'connector.password'='hush')`,
    );
    const shown = await world.pipe(pipe);
    expect(shown.PipeConnector).toContain('connector.password=******');
    expect(JSON.stringify(shown)).not.toContain('hush');
    expect((await world.execute(`EXPLAIN PIPE ${pipe}`)).join('\n')).not.toContain('hush');
    expect(shown.CreationTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
  });

  it('keeps what plugins leave in their library within it', () => {
    const library = join(world.directory, 'ext');
    expect(existsSync(library) ? readdirSync(library) : []).toEqual([]);
  });
});
