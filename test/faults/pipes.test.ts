import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { HttpTarget } from '../pipes/http-target.ts';
import { FaultServer } from './fault-server.ts';
import { playRows } from './play-rows.ts';

let server: FaultServer;
let target: HttpTarget;
beforeAll(async () => {
  server = await FaultServer.open();
  target = await HttpTarget.open();
  await server.run("CREATE STREAM trips (car string, speed float32); INSERT INTO trips VALUES ('a', 30), ('b', 50)");
  await server.run("CREATE PIPE there WITH CONNECTOR ('connector'='do-nothing-connector')");
});
afterAll(async () => {
  await server.run('DROP PIPE IF EXISTS processed; DROP PIPE IF EXISTS delivered');
  await server.close();
  await target.goAway();
});

const say = (sql: string) => () => server.say(sql);
const ofTrips = "WITH EXTRACTOR ('pattern'='root.trips.')";

/** The message of a pipe that has come to stop by itself. */
async function exceptionOf(pipe: string): Promise<string> {
  for (;;) {
    const [, , state, , , , exception] = (await server.run(`SHOW PIPE ${pipe}`))[0]!.split('\t');
    if (state === 'STOPPED') return exception!;
    server.clock.advance(1000);
    await pause(20);
  }
}

playRows(
  'Pipes',
  {
    'a pipe that exists already': say("CREATE PIPE there WITH CONNECTOR ('connector'='do-nothing-connector')"),
    'a pipe that is not there': say('START PIPE elsewhere'),
    'a pipe of a name that means a directory': say("CREATE PIPE \"..\" WITH CONNECTOR ('connector'='do-nothing-connector')"),
    'a plugin that is not there': say("CREATE PIPE p WITH CONNECTOR ('connector'='carrier-pigeon')"),
    'attributes that are wrong': say("CREATE PIPE p WITH CONNECTOR ('connector'='do-nothing-connector', 'on.error'='ignore')"),
    'a target that cannot be reached at CREATE': say(
      "CREATE PIPE p WITH CONNECTOR ('connector'='http-connector', 'url'='http://127.0.0.1:1/')",
    ),
    'a record that a processor cannot process': async () => {
      await server.run(
        `CREATE PIPE processed ${ofTrips} WITH PROCESSOR ('processor'='throwing-exception-processor', 'column'='car', 'value'='b') WITH CONNECTOR ('connector'='do-nothing-connector'); START PIPE processed`,
      );
      return exceptionOf('processed');
    },
    'a target that goes away for longer than it is tried': async () => {
      await server.run(`CREATE PIPE delivered ${ofTrips} ${target.connector}; START PIPE delivered`);
      await target.untilRows(2);
      await target.goAway();
      await server.run("INSERT INTO trips VALUES ('c', 70)");
      return exceptionOf('delivered');
    },
    'DROP of a plugin that is built in': say('DROP PIPEPLUGIN "tap-connector"'),
    'CREATE PIPEPLUGIN from where none may come': say(`CREATE PIPEPLUGIN x AS 'default' USING URI 'https://example.com/x.tgz'`),
  },
  () => server.isIntact(),
);
