import { join } from 'node:path';
import { root } from '../architecture/workspace.ts';
import { Started } from './process.ts';
import { cpuSecondsOf, memoryOf } from './process-figures.ts';

/** The embedded broker in a process of its own, to be measured from outside, or killed. */
export class BrokerProcess {
  readonly address: string;
  readonly #started: Started;

  private constructor(started: Started, address: string) {
    this.#started = started;
    this.address = address;
  }

  /** @param port 0 takes a free one */
  static async start(dataDirectory: string, port = 0): Promise<BrokerProcess> {
    const main = join(root, 'packages/broker/src/main.ts');
    const started = new Started(process.execPath, ['--conditions=source', main, '--data-dir', dataDirectory, '--port', String(port)]);
    const [, address] = await started.waitFor(/listening on (\S+)/, 300_000);
    return new BrokerProcess(started, address!);
  }

  get port(): number {
    return Number(this.address.split(':').at(-1));
  }

  memory(): { readonly rssMb: number; readonly peakMb: number } {
    return memoryOf(this.#started.child.pid!);
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#started.child.pid!);
  }

  async stop(signal?: NodeJS.Signals): Promise<void> {
    await this.#started.stop(signal);
  }
}
