import { type Admin, createAdmin } from '@millrace/kafka-client';
import { afterAll, beforeAll, expect } from 'vitest';
import { FaultServer } from './fault-server.ts';
import { playRows } from './play-rows.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.open();
  await server.run(
    'CREATE STREAM sums (n int32); CREATE MATERIALIZED VIEW totals AS SELECT n % 2 AS odd, sum(n) AS total FROM sums GROUP BY odd',
  );
});
afterAll(() => server.close());

const say = (sql: string) => () => server.say(sql);

/** A view over a stream of its own, which has read one row. */
let views = 0;
async function viewOf(select: string): Promise<{ readonly view: string; readonly stream: string }> {
  const [view, stream] = [`v${views}`, `of_v${views++}`];
  await server.run(`CREATE STREAM ${stream} (n int32); CREATE MATERIALIZED VIEW ${view} AS SELECT ${select} FROM ${stream}`);
  await server.run(`INSERT INTO ${stream} VALUES (1); FLUSH MATERIALIZED VIEW ${view}`);
  return { view, stream };
}

/** What it had written is there still, once. */
async function unharmed(view: string, said: string): Promise<string> {
  expect(await server.run(`SELECT count() FROM table(${view})`)).toEqual(['1']);
  return said;
}

const changelogOf = async (view: string, admin: Admin) =>
  (await admin.listTopics()).find((name) => name.startsWith(`millrace.changelog.${view}.`))!;

async function writeIntoChangelog(view: string): Promise<void> {
  const admin = createAdmin({ brokers: server.brokers, clientId: 'fault' });
  const topic = await changelogOf(view, admin);
  await admin.close();
  await server.produce(topic, ['y'], 'x');
}

/** Past the server. */
async function makeAnew(topicOf: (admin: Admin) => Promise<string>): Promise<void> {
  const admin = createAdmin({ brokers: server.brokers, clientId: 'fault' });
  const topic = await topicOf(admin);
  await admin.deleteTopic(topic);
  await admin.createTopic({ topic, partitions: 1 });
  await admin.close();
}

/** The stream is dropped and made anew while the topics of a view of it are made; now and then it is too late for that. */
async function changedMeanwhile(): Promise<string> {
  for (;;) {
    await server.run('CREATE STREAM moving (n int32)');
    const [said] = await Promise.all([
      server.say('CREATE MATERIALIZED VIEW moved AS SELECT n FROM moving'),
      server.say('DROP STREAM moving; CREATE STREAM moving (n int64)'),
    ]);
    await server.run('DROP VIEW IF EXISTS moved; DROP STREAM IF EXISTS moving');
    if (said.includes('was changed by another statement')) return said;
  }
}

playRows(
  'Materialized views',
  {
    'a view that would read what it writes': say('CREATE MATERIALIZED VIEW echo INTO sums AS SELECT n FROM sums'),
    'another definition that would lose state': say(
      'CREATE OR REPLACE MATERIALIZED VIEW totals AS SELECT n % 2 AS odd, sum(n + 0) AS total FROM sums GROUP BY odd',
    ),
    'FLUSH of a paused view': async () => {
      const { view } = await viewOf('n');
      await server.run(`SYSTEM PAUSE MATERIALIZED VIEW ${view}`);
      return unharmed(view, await server.say(`FLUSH MATERIALIZED VIEW ${view}`));
    },
    'a record that a strict view cannot process': async () => {
      const { view, stream } = await viewOf('int_div(1, n) AS q');
      await server.run(`INSERT INTO ${stream} VALUES (0), (1)`);
      return unharmed(view, await server.say(`FLUSH MATERIALIZED VIEW ${view}`));
    },
    'the log has dropped what a view had not read': async () => {
      const { view, stream } = await viewOf('n');
      await server.run(`SYSTEM PAUSE MATERIALIZED VIEW ${view}; INSERT INTO ${stream} VALUES (2), (3); TRUNCATE STREAM ${stream}`);
      return unharmed(view, await server.say(`SYSTEM UNPAUSE MATERIALIZED VIEW ${view}`));
    },
    'something has written into the changelog of a view': async () => {
      const { view } = await viewOf('n');
      await server.run(`SYSTEM PAUSE MATERIALIZED VIEW ${view}`);
      await writeIntoChangelog(view);
      return unharmed(view, await server.say(`SYSTEM UNPAUSE MATERIALIZED VIEW ${view}`));
    },
    'the topic of a source is deleted while a view is paused': async () => {
      const { view, stream } = await viewOf('n');
      await server.run(`SYSTEM PAUSE MATERIALIZED VIEW ${view}`);
      await server.deleteTopic(stream);
      const said = await server.say(`SYSTEM UNPAUSE MATERIALIZED VIEW ${view}`);
      return unharmed(view, said);
    },
    'the topic of a source is deleted and made anew while a view is paused': async () => {
      const { view, stream } = await viewOf('n');
      await server.run(`SYSTEM PAUSE MATERIALIZED VIEW ${view}`);
      await makeAnew(async () => stream);
      return unharmed(view, await server.say(`SYSTEM UNPAUSE MATERIALIZED VIEW ${view}`));
    },
    'the changelog of a view is deleted and made anew while it is paused': async () => {
      const { view } = await viewOf('n');
      await server.run(`SYSTEM PAUSE MATERIALIZED VIEW ${view}`);
      await makeAnew((admin) => changelogOf(view, admin));
      return unharmed(view, await server.say(`SYSTEM UNPAUSE MATERIALIZED VIEW ${view}`));
    },
    'what a definition builds on is changed by another statement meanwhile': changedMeanwhile,
    'REPLAY for a view that keeps no dead letters': say('REPLAY DEAD LETTERS FOR totals'),
  },
  () => server.isIntact(),
);
