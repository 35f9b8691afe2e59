import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeIotdb } from '../../plugins/iotdb-thrift-connector/test/fake-iotdb.ts';
import { freshName, openPipeWorld, type PipeWorld } from './pipe-world.ts';

let world: PipeWorld;
let iotdb: FakeIotdb;

beforeAll(async () => {
  world = await openPipeWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  iotdb = await FakeIotdb.start();
  return () => iotdb.close();
});

const port = () => String(iotdb.endpoint.port);

describe('the statements of the page on data sync', () => {
  it('run as they are written, once their placeholders are filled in', async () => {
    const created: string[] = [];
    const create = async (sql: string) => {
      await world.execute(sql);
      created.push(/create pipe (\w+)/i.exec(sql)![1]!);
    };
    await create(`create pipe a2b
with connector (
  'connector'='iotdb-thrift-connector',
  'connector.ip'='127.0.0.1',
  'connector.port'='${port()}'
)`);
    await world.execute('start pipe a2b');
    await create(`CREATE PIPE full_sync -- PipeId is the name that uniquely identifies the sync task
WITH EXTRACTOR (
  -- Default IoTDB Data Extraction Plugin
  'extractor'                    = 'iotdb-extractor',
  -- Path prefix, only data that can match the path prefix will be extracted for subsequent processing and delivery
  'extractor.pattern'            = 'root.timecho',
  -- Whether to extract historical data
  'extractor.history.enable'     = 'true',
  -- Describes the time range of the historical data being extracted, indicating the earliest possible time
  'extractor.history.start-time' = '2011.12.03T10:15:30+01:00',
  -- Describes the time range of the extracted historical data, indicating the latest time
  'extractor.history.end-time'   = '2022.12.03T10:15:30+01:00',
  -- Whether to extract realtime data
  'extractor.realtime.enable'    = 'true',
)
WITH PROCESSOR (
  -- Default data processing plugin, means no processing
  'processor'                    = 'do-nothing-processor',
)
WITH CONNECTOR (
  -- IoTDB data sending plugin with target IoTDB
  'connector'                    = 'iotdb-thrift-connector',
  -- Data service for one of the DataNode nodes on the target IoTDB ip
  'connector.ip'                 = '127.0.0.1',
  -- Data service port of one of the DataNode nodes of the target IoTDB
  'connector.port'               = '${port()}',
)`);
    await create(`CREATE PIPE minimal -- PipeId is a name that uniquely identifies the task.
WITH CONNECTOR (
  -- IoTDB data sending plugin with target IoTDB
  'connector'      = 'iotdb-thrift-connector',
  -- Data service for one of the DataNode nodes on the target IoTDB ip
  'connector.ip'   = '127.0.0.1',
  -- Data service port of one of the DataNode nodes of the target IoTDB
  'connector.port' = '${port()}',
)`);
    await world.execute(`CREATE PIPE pipe1
WITH CONNECTOR (
  'connector' = 'iotdb-thrift-connector',
  'connector.thrift.host' = 'localhost',
  'connector.thrift.port' = '${port()}',
)

CREATE PIPE pipe2
WITH CONNECTOR (
  'connector' = 'iotdb-thrift-connector',
  'connector.thrift.port' = '${port()}',
  'connector.thrift.host' = 'localhost',
)`);
    await world.execute('START PIPE full_sync');
    await world.execute('STOP PIPE full_sync');
    const shown = await world.execute('SHOW PIPES FORMAT JSONEachRow');
    expect(Object.keys(JSON.parse(shown[0]!)).slice(0, 7)).toEqual([
      'ID',
      'CreationTime',
      'State',
      'PipeExtractor',
      'PipeProcessor',
      'PipeConnector',
      'ExceptionMessage',
    ]);
    expect((await world.execute('SHOW PIPE a2b'))[0]).toMatch(/^a2b\t\S+\tRUNNING\t/);
    expect((await world.pipes('\nWHERE CONNECTOR USED BY pipe1')).map(({ ID }) => ID)).toEqual(['pipe1', 'pipe2']);
    expect((await world.execute('SHOW PIPEPLUGINS')).length).toBeGreaterThan(10);
    for (const name of [...created, 'pipe1', 'pipe2']) await world.execute(`DROP PIPE ${name}`);
    expect(await world.pipes()).toEqual([]);
  });

  it.each(['iotdb-thrift-connector', 'iotdb-thrift-sync-connector', 'iotdb-thrift-async-connector'])(
    'deliver through %s, to the node that answers where others do not',
    async (connector) => {
      const stream = freshName('db');
      await world.execute(`CREATE STREAM ${stream} (k string, m int32, t datetime64(3)) PRIMARY KEY (k) SETTINGS event_time_column='t'`);
      const pipe = freshName('p');
      await world.execute(
        `CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${stream}') WITH CONNECTOR ('connector'='${connector}', 'connector.node-urls'='127.0.0.1:1,127.0.0.1:${port()}'); START PIPE ${pipe}`,
      );
      const rows = Array.from({ length: 50 }, (_, i) => `('d', ${i}, to_datetime64('2024-01-01 00:00:00', 3) + INTERVAL ${i} SECOND)`);
      await world.execute(`INSERT INTO ${stream} (k, m, t) VALUES ${rows.join(', ')}`);
      await world.untilDelivered(pipe);
      expect(iotdb.series.rows(`root.${stream}.d`).map(({ m }) => m)).toEqual(Array.from({ length: 50 }, (_, i) => i));
      await world.execute(`DROP PIPE ${pipe}`);
    },
  );
});

describe('connectors to IoTDB', () => {
  it('keep the order of a partition where they are synchronous', async () => {
    const stream = freshName('db');
    await world.execute(`CREATE STREAM ${stream} (k string, m int32) PRIMARY KEY (k)`);
    const pipe = freshName('p');
    await world.execute(
      `CREATE PIPE ${pipe} WITH EXTRACTOR ('pattern'='root.${stream}') WITH CONNECTOR ('connector'='iotdb-thrift-sync-connector', 'ip'='127.0.0.1', 'port'='${port()}'); START PIPE ${pipe}`,
    );
    for (let i = 0; i < 20; i++) await world.execute(`INSERT INTO ${stream} (k, m) VALUES ('d', ${i})`);
    await world.untilDelivered(pipe);
    const arrived = iotdb.arrived.flat().map(({ values }) => values.get('m')?.value);
    expect(arrived.filter((value) => value !== undefined)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});
