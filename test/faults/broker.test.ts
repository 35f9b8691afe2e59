import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker } from '@millrace/broker';
import { afterAll, beforeAll, expect } from 'vitest';
import { BrokerProcess } from '../harness/broker-process.ts';
import { freePort } from '../harness/process.ts';
import { FaultDisk } from './fault-disk.ts';
import { FaultServer } from './fault-server.ts';
import { playRows } from './play-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-fault-broker-'));
const disk = new FaultDisk();
let onDisk: Broker;
let diskServer: FaultServer;
let port: number;
let broker: BrokerProcess;
let server: FaultServer;

const startBroker = () => BrokerProcess.start(join(folder, 'killed'), port);

beforeAll(async () => {
  onDisk = new Broker({ dataDirectory: join(folder, 'full'), port: 0 }, { disk });
  await onDisk.open();
  diskServer = await FaultServer.open({ 'kafka.brokers': onDisk.address });
  port = await freePort();
  broker = await startBroker();
  server = await FaultServer.open({ 'kafka.brokers': `127.0.0.1:${port}` });
});
afterAll(async () => {
  await diskServer?.close();
  await onDisk?.close();
  await server?.close();
  await broker?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Lets the time pass that a request may wait, until it is answered. */
async function patiently<T>(target: FaultServer, answer: Promise<T>): Promise<T> {
  let isAnswered = false;
  void answer.finally(() => {
    isAnswered = true;
  });
  while (!isAnswered) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    target.clock.advance(500);
  }
  return answer;
}

playRows('Broker and disk', {
  'no broker answers an INSERT for 30 s': async () => {
    await broker.stop('SIGKILL');
    const said = await patiently(server, server.say("INSERT INTO witness VALUES (-1, '2026-01-01 00:00:00')"));
    broker = await startBroker();
    await server.isIntact();
    return said;
  },
  'the broker goes away under a running query': async () => {
    await server.run("CREATE STREAM trips (n int32, at datetime64(3)) SETTINGS event_time_column = 'at'");
    const query = await server.open('SELECT window_start, count(), sum(n) FROM tumble(trips, 10s) GROUP BY window_start');
    const insert = (n: number) => server.run(`INSERT INTO trips VALUES (${n}, '2026-01-01 00:00:${String(n).padStart(2, '0')}')`);
    for (let n = 0; n < 15; n++) await insert(n);
    await query.waitForRows(1, 10_000);
    await broker.stop('SIGKILL');
    const said = await (await fetch(`${server.url}/readyz`)).text();
    // Sent while nobody is there: written once, when somebody is.
    const waiting = insert(15);
    broker = await startBroker();
    await waiting;
    for (let n = 16; n < 32; n++) await insert(n);
    await query.waitForRows(3, 20_000);
    expect(query.takeRows()).toEqual([
      '2026-01-01 00:00:00.000\t10\t45',
      '2026-01-01 00:00:10.000\t10\t145',
      '2026-01-01 00:00:20.000\t10\t245',
    ]);
    await query.close();
    await server.isIntact();
    return said;
  },
  'the disk of the broker is full': async () => {
    disk.isFull = true;
    const said = await patiently(diskServer, diskServer.say("INSERT INTO witness VALUES (-1, '2026-01-01 00:00:00')"));
    expect(await diskServer.run('SELECT count() FROM table(witness)')).toEqual(['1']);
    expect(await diskServer.say('CREATE STREAM later (n int32)')).toContain('creating topic "later" was refused');
    disk.isFull = false;
    await diskServer.isIntact();
    await diskServer.run('CREATE STREAM later (n int32); INSERT INTO later VALUES (1)');
    expect(await diskServer.run('SELECT n FROM table(later)')).toEqual(['1']);
    return said;
  },
  'no broker answers a definition on a server of a cluster': async () => {
    const dataDirectory = join(folder, 'cluster');
    const before = new Broker({ dataDirectory, port: 0 });
    await before.open();
    const member = await FaultServer.open({ 'kafka.brokers': before.address, cluster: 'plant' });
    await before.close();
    const said = await patiently(member, member.say('CREATE VIEW seen AS SELECT n FROM witness'));
    expect(await member.run('SHOW STREAMS')).toEqual(['witness']);
    const after = new Broker({ dataDirectory, port: Number(before.address.split(':').at(-1)) });
    await after.open();
    await member.isIntact();
    await member.run('CREATE VIEW seen AS SELECT n FROM witness');
    await member.close();
    await after.close();
    return said;
  },
});
