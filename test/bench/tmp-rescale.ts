import { mkdtempSync, rmSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KafkaClient, openProducer } from '@millrace/kafka-client';
import { BrokerProcess } from '/work/main/test/harness/broker-process.ts';
import { ServerProcess } from '/work/main/test/harness/server-process.ts';
const folder = mkdtempSync('/tmp/rescale-bench-');
const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return (Number(f[11]) + Number(f[12])) / 100; };
const broker = await BrokerProcess.start(join(folder, 'broker'));
const client = new KafkaClient({ brokers: [broker.address], clientId: 'bench' });
const producer = openProducer(client, { lingerMs: 5, batchSizeBytes: 64 * 1024 });
const server = new ServerProcess(join(folder, 'server'), ['--brokers', broker.address]);
await server.start();
const spid = (server as any)['residentMb'] && Number(readFileSync('/proc/self/stat').length) && (server as any);
await server.execute("CREATE STREAM d (device string, v float64, at datetime64(3, 'UTC')) SETTINGS event_time_column = 'at', shards = 4");
const count = 1_000_000;
const t0 = Date.UTC(2026, 0, 1);
for (let i = 0; i < count; i++) {
  const at = t0 + Math.floor(i / 10);
  const room = producer.append('d', i % 4, at, null, Buffer.from(`{"device":"device_${(i * 7919) % 10000}","v":${(i % 1000) / 10},"at":"${new Date(at).toISOString().slice(0, 23).replace('T', ' ')}"}`));
  if (room) await room;
}
await producer.flush();
const { execSync } = await import('node:child_process');
const pidOf = (what: string) => Number(execSync(`pgrep -f "${folder}.*${what}|${what}.*${folder}" | head -1`).toString().trim());
console.log('pids', execSync(`pgrep -fa ${folder} | cut -c1-200`).toString());
const pids = execSync(`pgrep -f ${folder}/`).toString().trim().split('\n').map(Number).filter((p) => p !== process.pid);
for (const [name, settings] of [['warm', ''], ['p1', ''], ['p1b', ''], ['p2m8', ', parallelism = 2, max_parallelism = 8'], ['p2m64', ', parallelism = 2'], ['p1m8', ', parallelism = 1, max_parallelism = 8']] as const) {
  const before = pids.map((p) => cpu(p)); const began = performance.now();
  await server.execute(`CREATE MATERIALIZED VIEW ${name} AS SELECT device, window_start, count() AS n, avg(v) AS a FROM tumble(d, 5s) GROUP BY device, window_start EMIT AFTER WATERMARK SETTINGS idle_timeout = 0, seek_to = 'earliest'${settings}`);
  const created = performance.now() - began;
  await server.execute(`FLUSH MATERIALIZED VIEW ${name}`);
  const ms = performance.now() - began;
  const after = pids.map((p) => cpu(p));
  const rows = await server.execute(`SELECT count(), sum(n) FROM table(${name})`);
  console.log(name, 'created', Math.round(created), 'ms', Math.round(ms), 'cpu s', after.map((a, i) => (a - before[i]!).toFixed(2)).join(' '), rows);
  const idle = pids.map((p) => cpu(p)); await new Promise((r) => setTimeout(r, 3000));
  console.log('   idle cpu/s', pids.map((p, i) => ((cpu(p) - idle[i]!) / 3).toFixed(3)).join(' '));
  await server.execute(`DROP VIEW ${name}`);
}
await producer.close(); await client.close(); await server.stop(); await broker.stop('SIGKILL'); rmSync(folder, { recursive: true, force: true });
