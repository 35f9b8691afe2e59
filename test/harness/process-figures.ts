import { readFileSync } from 'node:fs';

/** Linux counts CPU time in these. */
const ticksPerSecond = 100;

/** What a process holds now and held at most, in MB. */
export function memoryOf(pid: number): { readonly rssMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) / 1024;
  return { rssMb: of('VmRSS'), peakMb: of('VmHWM') };
}

/** CPU seconds that a process has used, in all its threads. */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
