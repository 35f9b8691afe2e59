import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type MessagePort, type ResourceLimits, Worker } from 'node:worker_threads';
import { type Clock, deserializeError, type Logger, MillraceError, type Timer, threadModule } from '@millrace/core';
import type { StreamDescription } from '@millrace/sdk';
import type { ExportDescription } from '../plugin-description.ts';
import type { PluginMetric, StageEnvironment } from '../stage-environment.ts';
import { messageOf } from '../stages/hook-failure.ts';
import { inHand, ownEnd, watchMemory } from './hook-watch.ts';
import type { StageEnd } from './remote-stage.ts';
import { watchWorker } from './watchdog.ts';
import type { PluginWorkerCommand, PluginWorkerData, PluginWorkerMessage } from './worker-messages.ts';

export interface PackageWorkerOptions {
  /** Package and version, as logs name it. */
  readonly origin: string;
  readonly environment: StageEnvironment;
  readonly streams: readonly StreamDescription[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onMetrics: (metrics: readonly PluginMetric[]) => void;
  /** The last call: it is not there any more. */
  readonly onGone: () => void;
}

const module = threadModule('plugin-worker', import.meta.url);

const idleMs = 30_000;
/** A worker that has not ended for so long after it was told to is not going to. */
const strandedMs = 10_000;
/** Longest time for a module to say what it exports: a server that starts waits for it. */
const mostDescribeMs = 10_000;

/** A stage that it runs. */
interface Served {
  readonly pipe: string;
  readonly onEnd: (end: StageEnd) => void;
}

/** The worker of a package, in one version of it, with all stages of its plugins; and who watches over it. */
export class PackageWorker {
  readonly #options: PackageWorkerOptions;
  readonly #worker: Worker;
  readonly #memory = watchMemory();
  readonly #stages = new Map<number, Served>();
  readonly #exited: Promise<void>;
  #describing: PromiseWithResolvers<readonly ExportDescription[]> | undefined;
  #stopWatching = () => {};
  #verdict: 'timeout' | 'memory' | undefined;
  #failure: Error | undefined;
  #isRetired = false;
  #isOver = false;
  #idleTimer: Timer | undefined;

  constructor(options: PackageWorkerOptions) {
    this.#options = options;
    const { environment, streams } = options;
    const data: PluginWorkerData = { environment, streams, memory: this.#memory };
    this.#worker = new Worker(module.url, {
      workerData: data,
      execArgv: module.execArgv,
      name: 'millrace-plugin',
      stdout: true,
      stderr: true,
      resourceLimits: heapLimits(environment.limits.memoryMb),
    });
    this.#captureOutput();
    this.#worker.once('message', () => this.#watch());
    this.#worker.on('message', (message: PluginWorkerMessage) => this.#take(message));
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#end(code);
        resolve();
      });
    });
  }

  /** True from when it is being ended: nothing can be begun in it. */
  get isEnding(): boolean {
    return this.#isRetired || this.#isOver;
  }

  /** What a module exports: the first thing to be asked, once. @throws {MillraceError} PLUGIN_INVALID */
  async describe(module: string): Promise<readonly ExportDescription[]> {
    const { clock, environment } = this.#options;
    this.#describing = Promise.withResolvers();
    this.#tell({ kind: 'describe', module });
    let timer: Timer | undefined;
    this.#worker.once('message', () => {
      timer = clock.setTimer(Math.min(mostDescribeMs, environment.limits.timeoutMs), () => this.#condemn('timeout'), { unref: true });
    });
    try {
      return await this.#describing.promise;
    } finally {
      timer?.cancel();
      this.#endIfIdle();
    }
  }

  /** Runs a stage, called over the port. @param onEnd called if it ends in another way than by its pipe */
  serve(stage: number, port: MessagePort, pipe: string, onEnd: (end: StageEnd) => void): void {
    this.#idleTimer?.cancel();
    this.#stages.set(stage, { pipe, onEnd });
    this.#worker.postMessage({ kind: 'stage', stage, port } satisfies PluginWorkerCommand, [port]);
  }

  setStreams(streams: readonly StreamDescription[]): void {
    this.#tell({ kind: 'streams', streams });
  }

  /** Newer code has taken its place: pipes go there between two events; with the last one it ends. */
  replace(): void {
    this.#isRetired = true;
    const message = 'newer code of it has been installed';
    for (const { onEnd } of this.#stages.values()) onEnd({ cause: 'replaced', hook: 'open', message });
    this.#endIfIdle();
  }

  /** Ends it at once. */
  async terminate(): Promise<void> {
    void this.#worker.terminate();
    if (!this.#isOver) await this.#exited;
  }

  #tell(command: PluginWorkerCommand): void {
    this.#worker.postMessage(command);
  }

  #watch(): void {
    const { clock, environment } = this.#options;
    this.#stopWatching = watchWorker(this.#worker, this.#memory, clock, environment.limits, (cause) => this.#condemn(cause));
  }

  /** Not every loop can be ended from outside at once: nobody waits for that. */
  #condemn(cause: 'timeout' | 'memory'): void {
    this.#verdict = cause;
    this.#end(0);
    void this.#worker.terminate();
    const { clock, logger, origin } = this.#options;
    const timer = clock.setTimer(
      strandedMs,
      () =>
        logger.error(
          { plugin: origin },
          'the worker of a plugin cannot be ended: it takes processor and memory until the server is restarted',
        ),
      { unref: true },
    );
    void this.#exited.then(() => timer.cancel());
  }

  /** Code of users may have sent anything under the name of its worker. */
  #take(message: PluginWorkerMessage): void {
    try {
      this.#onMessage(message);
    } catch (error) {
      this.#options.logger.warn(
        { plugin: this.#options.origin, error: messageOf(error) },
        'the worker of a plugin has sent what makes no sense',
      );
    }
  }

  #onMessage(message: PluginWorkerMessage): void {
    switch (message.kind) {
      case 'ready':
        return;
      case 'described':
        this.#describing?.resolve(message.exports);
        return;
      case 'undescribed':
        this.#describing?.reject(deserializeError(message.error));
        return;
      case 'closed':
        this.#stages.delete(message.stage);
        this.#endIfIdle();
        return;
      case 'metrics':
        this.#options.onMetrics(message.metrics);
        return;
      case 'log':
        this.#options.logger[message.level](message.fields, message.message);
    }
  }

  /** A worker without stages is kept for a while: a pipe may open its stage again. */
  #endIfIdle(): void {
    if (this.#stages.size > 0) return;
    const waitMs = this.#isRetired ? 0 : idleMs;
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#options.clock.setTimer(waitMs, () => this.#retire(), { unref: true });
  }

  #retire(): void {
    this.#isRetired = true;
    void this.#worker.terminate();
  }

  /** Tells everybody that it is over, once. @param code of its exit, if it has come to that */
  #end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWatching();
    this.#idleTimer?.cancel();
    const cause = this.#cause();
    const { stage: culprit, hook } = inHand(this.#memory);
    const message = this.#message(cause, code);
    const guilty = this.#stages.get(culprit);
    for (const [stage, { onEnd }] of this.#stages) {
      // Where nobody is known to be in hand, nobody can be let off: it would happen again for ever.
      if (guilty === undefined || stage === culprit) onEnd({ cause, hook, message });
      else onEnd({ cause: 'neighbour', hook, message: `the pipe ${guilty.pipe} has brought down the worker that they share: ${message}` });
    }
    if (this.#stages.size > 0) {
      const fields = { plugin: this.#options.origin, pipe: guilty?.pipe, hook, cause };
      this.#options.logger.error(fields, `the worker of a plugin has ended: ${message}`);
    }
    this.#stages.clear();
    this.#describing?.reject(new MillraceError('PLUGIN_INVALID', `the module cannot be loaded: ${message}`));
    this.#options.onGone();
  }

  #cause(): 'timeout' | 'memory' | 'lost' {
    if (this.#verdict !== undefined) return this.#verdict;
    const isMemory = (this.#failure as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';
    return isMemory || ownEnd(this.#memory)?.cause === 'memory' ? 'memory' : 'lost';
  }

  #message(cause: 'timeout' | 'memory' | 'lost', code: number): string {
    const { timeoutMs, memoryMb } = this.#options.environment.limits;
    if (cause === 'timeout') return `it has not come back for ${timeoutMs} ms`;
    if (cause === 'memory') return `it took more than ${memoryMb} MiB of memory`;
    const end = ownEnd(this.#memory);
    if (end?.cause === 'changed') return `it has changed ${end.what}, which everything in its worker uses`;
    if (this.#failure !== undefined) return `it threw where nobody catches: ${messageOf(this.#failure)}`;
    return `it ended its worker with process.exit(${code})`;
  }

  /** What plugins print goes into the log. */
  #captureOutput(): void {
    const { origin, logger } = this.#options;
    const lines = (stream: Readable, level: 'info' | 'warn') =>
      createInterface({ input: stream }).on('line', (line) => logger[level]({ plugin: origin }, line));
    lines(this.#worker.stdout, 'info');
    lines(this.#worker.stderr, 'warn');
  }
}

/**
 * Who reaches the engine's own limit within few allocations takes the process along. So that limit is far beyond the one that is watched
 * over, and the young generation small: no collection goes beyond it at once.
 */
function heapLimits(memoryMb: number): ResourceLimits {
  return { maxOldGenerationSizeMb: memoryMb * 2 + 2048, maxYoungGenerationSizeMb: 16 };
}
