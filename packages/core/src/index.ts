export { BoundedQueue } from './bounded-queue.ts';
export { type Clock, delay, FakeClock, systemClock, type Timer } from './clock.ts';
export { type Disk, type DiskFile, systemDisk } from './disk.ts';
export { type ErrorActor, type ErrorCode, errorCodes } from './error-codes.ts';
export {
  asMillraceError,
  assert,
  deserializeError,
  type ErrorOptions,
  MillraceError,
  type Position,
  type SerializedError,
  serializeError,
  unreachable,
} from './errors.ts';
export { type BootTime, Lifecycle, type Part } from './lifecycle.ts';
export { type LogFields, type Logger, silentLogger } from './logger.ts';
export { nearest } from './nearest.ts';
export { codeFrame, positionAt } from './position.ts';
export { type PostLine, postedLogger } from './posted-logger.ts';
export { processIdentity } from './process-identity.ts';
export { type Random, SeededRandom, systemRandom } from './random.ts';
export { TaskOutcome } from './task-outcome.ts';
export {
  TaskThread,
  type TaskThreadCommand,
  type TaskThreadMessage,
  type ThreadTask,
  type ThreadTaskEvents,
} from './task-thread.ts';
export { type ThreadModule, threadModule } from './thread-module.ts';
export { unlessAborted } from './unless-aborted.ts';
