import { deviceRecords } from './devices.ts';
import { partitionOf, terms } from './task.ts';

const windowMs = 10_000;
const delayMs = 2_000;

interface Device {
  readonly device: string;
  readonly cpu_usage: number;
  readonly timestamp: string;
}

/** How many rows the benchmarks' queries give over so many records, computed in the plainest way. */
export function plainRowCounts(records: number): { readonly w1: number; readonly w2: number } {
  let w1 = 0;
  const windows = new Map<number, Set<string>>();
  const latestMs = new Array<number>(terms.partitions).fill(0);
  let row = 0;
  for (const text of deviceRecords(records)) {
    const { device, cpu_usage, timestamp } = JSON.parse(text) as Device;
    if (cpu_usage >= 90) w1++;
    const timeMs = Date.parse(`${timestamp.replace(' ', 'T')}Z`);
    const start = timeMs - (timeMs % windowMs);
    if (!windows.has(start)) windows.set(start, new Set());
    windows.get(start)!.add(device);
    const partition = partitionOf(row++);
    latestMs[partition] = Math.max(latestMs[partition]!, timeMs);
  }
  const watermarkMs = Math.min(...latestMs) - delayMs;
  let w2 = 0;
  for (const [start, devices] of windows) if (start + windowMs <= watermarkMs) w2 += devices.size;
  return { w1, w2 };
}
