/**
 * Runs the inputs of one target; started by run.ts, which looks into the progress file to see that it goes on, and which input it was
 * that ended it. The last line is a {@link LoopReport}.
 */
import { openSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { InputFailure, loop } from './fuzz-loop.ts';
import { isolatedTargets } from './targets.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '1' },
    progress: { type: 'string', default: '' },
  },
});

const target = await isolatedTargets.get(values.target)!();
const progress = openSync(values.progress, 'r+');
const number = Buffer.alloc(8);
try {
  const report = await loop(target, Number(values.seed), { seconds: Number(values.seconds) }, (index) => {
    number.writeDoubleBE(index);
    writeSync(progress, number, 0, 8, 0);
  });
  await target.close?.();
  process.stdout.write(`${JSON.stringify(report)}\n`);
} catch (failure) {
  process.stdout.write(`${failure instanceof InputFailure ? failure.message : (failure as Error).stack}\n`);
  process.exit(1);
}
