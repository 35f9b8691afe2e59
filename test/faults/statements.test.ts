import { afterAll, beforeAll } from 'vitest';
import { FaultServer } from './fault-server.ts';
import { playRows } from './play-rows.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.open();
  await server.run(
    'CREATE STREAM trips (car string, speed float32); CREATE STREAM seen (n int32); CREATE VIEW cars AS SELECT car FROM trips',
  );
});
afterAll(() => server.close());

const say = (sql: string) => () => server.say(sql);

playRows(
  'Statements',
  {
    'malformed SQL': say('SELECT car,, speed FROM trips'),
    'no statement at all': say('  -- nothing\n'),
    'a statement that is nested too deep': say(`SELECT ${'('.repeat(5_000)}1${')'.repeat(5_000)}`),
    'a statement that is too long': say(`SELECT '${'x'.repeat(2_000_000)}'`),
    'unknown stream': say('SELECT car FROM tripz'),
    'unknown column': say('SELECT cra FROM trips'),
    'unknown function': say('SELECT maxx(speed) FROM trips'),
    'unknown type': say('CREATE STREAM other (a strin)'),
    'unknown setting': say("SELECT car FROM trips SETTINGS seek_too = 'earliest'"),
    'unknown format': say('SELECT 1 FORMAT Parquet'),
    'a type that a function does not take': say('SELECT sum(car) FROM trips'),
    'window without its column in GROUP BY': say('SELECT car, count() FROM tumble(trips, 5s) GROUP BY car'),
    'CREATE of what exists': say('CREATE STREAM trips (a int32)'),
    'DROP of what a view reads': say('DROP STREAM trips'),
    'what is not there yet': say('SELECT car FROM trips EMIT CHANGELOG'),
    'one of several statements is wrong': async () => {
      const said = await server.say('INSERT INTO seen VALUES (1); SELECT m FROM table(seen); INSERT INTO seen VALUES (2)');
      return (await server.run('SELECT n FROM table(seen)')).join() === '1' ? said : 'not the first alone was done';
    },
    'an endless query in a format that needs the whole result': say('SELECT car FROM trips FORMAT JSON'),
  },
  () => server.isIntact(),
);
