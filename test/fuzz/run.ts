/**
 * Fuzzes the protocol's decoders, the record batches, our client and a broker: `npm run fuzz -- [--minutes 5] [--seed N] [--target name]`.
 *
 * Everything follows from the seed. Goes round the targets until the time is up; one that fails gets its input written to
 * test/fuzz/inputs, where the tests play it again, and is told at the end.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root } from '../architecture/workspace.ts';
import { legal, positive, scriptOptions } from '../harness/script-options.ts';
import { BrokerTarget } from './broker-target.ts';
import { InputFailure, inputOf, type LoopReport, loop } from './fuzz-loop.ts';
import type { Target } from './target.ts';
import { isolatedTargets } from './targets.ts';

const brokerKinds = ['broker', 'guarded'] as const;
const targetNames = [...isolatedTargets.keys(), ...brokerKinds];
const { minutes, seed, target } = scriptOptions(`npm run fuzz -- [--minutes 5] [--seed N] [--target ${targetNames.join('|')}]`, () => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(1 + (Date.now() % 2 ** 31)) },
      target: { type: 'string' },
    },
  });
  if (values.target !== undefined) legal('target', [values.target], targetNames);
  return { ...values, minutes: positive('minutes', values.minutes), seed: positive('seed', values.seed) };
});

/** Each target has its turn in the first round, however short the time is. */
const roundSeconds = Math.min(15, (minutes * 60) / (target === undefined ? targetNames.length : 1));
/** An input that takes more than this of a processor hangs; so does one that waits for so long, though a machine may do much else. */
const hangCpuMs = 20_000;
const hangMs = 600_000;
/** The broker is killed and started on what it has after so many rounds. */
const roundsBetweenKills = 5;

const folder = mkdtempSync(join(tmpdir(), 'millrace-fuzz-progress-'));
const totals = new Map<string, { inputs: number; residentMb: number }>();
let failures = 0;

const line = (text: string) => void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

function keep(name: string, roundSeed: number, input: Buffer, reason: string): void {
  failures++;
  const path = join(root, 'test/fuzz/inputs', `${name}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`);
  writeFileSync(path, input);
  line(`FAILED ${name} seed ${roundSeed}: kept as ${path}\n${reason}\n${input.toString('hex').slice(0, 2000)}`);
}

function count(name: string, { inputs, residentMb }: LoopReport): void {
  const total = totals.get(name) ?? { inputs: 0, residentMb: 0 };
  totals.set(name, { inputs: total.inputs + inputs, residentMb: Math.max(total.residentMb, residentMb) });
}

/** What a process has had of processors; 0 if it is gone. The system counts it in hundredths of a second. */
function cpuMsOf(pid: number): number {
  try {
    const [, after] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ') as [string, string];
    const fields = after.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

/** Runs a worker, and ends it if it does not go on to its next input. */
async function runIsolated(name: string, roundSeed: number): Promise<void> {
  const progress = join(folder, name);
  writeFileSync(progress, Buffer.alloc(8));
  const worker = join(root, 'test/fuzz/fuzz-worker.ts');
  const args = [
    '--conditions=source',
    worker,
    '--target',
    name,
    '--seed',
    `${roundSeed}`,
    '--seconds',
    `${roundSeconds}`,
    '--progress',
    progress,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => void (output += data.toString()));
  let hasEnded = false;
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve)).finally(() => {
    hasEnded = true;
  });
  const indexNow = () => readFileSync(progress).readDoubleBE(0);
  let last = { index: -1, sinceMs: Date.now(), sinceCpuMs: 0 };
  while (!hasEnded) {
    await Promise.race([ended, delay(500)]);
    const index = indexNow();
    if (hasEnded) break;
    const cpuMs = cpuMsOf(child.pid!);
    if (index !== last.index) last = { index, sinceMs: Date.now(), sinceCpuMs: cpuMs };
    else if (cpuMs - last.sinceCpuMs > hangCpuMs || Date.now() - last.sinceMs > hangMs) {
      output += `hangs: ${cpuMs - last.sinceCpuMs} ms of a processor in ${Date.now() - last.sinceMs} ms`;
      child.kill('SIGKILL');
      await ended;
    }
  }
  const code = await ended;
  if (code === 0) return count(name, JSON.parse(output.trim().split('\n').at(-1)!) as LoopReport);
  const target = await isolatedTargets.get(name)!();
  keep(name, roundSeed, inputOf(target, roundSeed, indexNow()), `ended with ${code ?? child.signalCode}\n${output.slice(-3000)}`);
  await target.close?.();
}

async function runHere(target: Target, roundSeed: number): Promise<boolean> {
  try {
    count(target.name, await loop(target, roundSeed, { seconds: roundSeconds }));
    return true;
  } catch (failure) {
    if (!(failure instanceof InputFailure)) throw failure;
    keep(target.name, roundSeed, failure.input, failure.message);
    return false;
  }
}

async function runBroker(broker: BrokerTarget, round: number, roundSeed: number): Promise<void> {
  if (!(await runHere(broker, roundSeed))) await broker.kill();
  if ((round + 1) % roundsBetweenKills === 0) await broker.kill();
  const before = broker.residentMb;
  await broker.clear();
  line(`round ${round}: ${broker.name} has ${Math.round(before)} MB in use, ${Math.round(broker.residentMb)} MB without topics`);
}

const wanted = (name: string) => target === undefined || target === name;
line(`seed ${seed}, ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`);
const brokers: BrokerTarget[] = [];
for (const kind of brokerKinds) if (wanted(kind)) brokers.push(await BrokerTarget.open(kind));
const closeBrokers = () => Promise.all(brokers.map((broker) => broker.close()));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void closeBrokers().finally(() => process.exit(1)));
const endMs = Date.now() + minutes * 60_000;
try {
  for (let round = 0; round === 0 || Date.now() < endMs; round++) {
    const roundSeed = seed + round;
    const isDue = () => round === 0 || Date.now() < endMs;
    for (const name of isolatedTargets.keys()) if (wanted(name) && isDue()) await runIsolated(name, roundSeed);
    for (const broker of brokers) if (isDue()) await runBroker(broker, round, roundSeed);
  }
} finally {
  await closeBrokers();
  rmSync(folder, { recursive: true, force: true });
}
for (const [name, { inputs, residentMb }] of totals) line(`${name}: ${inputs} inputs, at most ${Math.round(residentMb)} MB`);
line(failures === 0 ? 'nothing failed' : `${failures} inputs failed`);
process.exitCode = failures === 0 ? 0 : 1;
