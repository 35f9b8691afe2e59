import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../architecture/workspace.ts';
import { hasCommand } from '../harness/process.ts';

/** Who takes part in a workload, each in a process of its own. */
export interface Contestant {
  readonly name: string;
  readonly workloads: readonly string[];
  /** The program with its first arguments; those of the task follow. */
  readonly command: readonly string[];
  /** What follows the task's arguments. */
  readonly options?: readonly string[];
}

const clientWorkloads = ['consume', 'produce', 'copy'];
const queryWorkloads = ['w1', 'w2'];

/** The one that the others are measured against in the column of ratios. */
export const baseline = 'kafkajs';

/** All that can take part here; `skipped` is told who cannot, and why. */
export function contestants(folder: string, skipped: (reason: string) => void): Contestant[] {
  return [
    { name: 'kafkajs', workloads: clientWorkloads, command: script('kafkajs-client.ts') },
    { name: '@platformatic/kafka', workloads: clientWorkloads, command: script('platformatic-client.ts') },
    { name: '@kafkats/client', workloads: clientWorkloads, command: script('kafkats-client.ts') },
    ...librdkafka(folder, skipped),
    { name: 'millrace', workloads: clientWorkloads, command: script('millrace-client.ts') },
    { name: 'kafkajs', workloads: queryWorkloads, command: script('kafkajs-query.ts') },
    { name: 'millrace', workloads: queryWorkloads, command: script('millrace-query.ts') },
    { name: 'millrace', workloads: ['view-w1', 'view-w2'], command: script('millrace-view.ts') },
    { name: 'millrace', workloads: ['pipe-batch', 'pipe-map', 'pipe-copy'], command: script('millrace-pipe.ts') },
  ];
}

function script(file: string): string[] {
  return [process.execPath, '--conditions=source', join(root, 'test/bench', file)];
}

/** It does not compare checksums unless told to, as Millrace does: so it takes part in both ways. */
function librdkafka(folder: string, skipped: (reason: string) => void): Contestant[] {
  if (!hasCommand('gcc')) return skip('gcc is not installed');
  const program = join(folder, 'librdkafka-client');
  const source = join(root, 'test/bench/librdkafka/client.c');
  const compiled = spawnSync('gcc', ['-O2', '-Wall', '-o', program, source, '-lrdkafka'], { encoding: 'utf8' });
  if (compiled.status !== 0) return skip(`it does not compile (is librdkafka-dev installed?): ${compiled.stderr.split('\n')[0]}`);
  return [
    { name: 'librdkafka (C)', workloads: clientWorkloads, command: [program] },
    { name: 'librdkafka (C) + CRC', workloads: ['consume', 'copy'], command: [program], options: ['check.crcs=true'] },
  ];

  function skip(reason: string): Contestant[] {
    skipped(`librdkafka takes no part: ${reason}`);
    return [];
  }
}
