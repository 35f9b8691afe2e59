import type { Extracted, ExtractorDefinition, StreamSelection } from '../definitions/extractor-definition.ts';
import type { Json } from '../definitions/plugin-definition.ts';
import type { Injections } from '../service-token.ts';
import { HeldResource } from './held-resource.ts';
import { type DriverOptions, prepareStage, type Stage } from './open-stage.ts';
import type { TestServices } from './test-services.ts';

/** Runs an extractor as a pipe does. */
export class ExtractorDriver<A, I extends Injections, R> {
  readonly services: TestServices;
  readonly #extractor: ExtractorDefinition<A, I, R>;
  readonly #stage: Stage<A>;
  readonly #resource: HeldResource<R>;
  #delivered: Json | undefined;
  #taken: Json | undefined;

  /** @param position of rows that were delivered before */
  constructor(extractor: ExtractorDefinition<A, I, R>, options: DriverOptions & { readonly position?: Json } = {}) {
    this.#extractor = extractor;
    this.#stage = prepareStage<A>(extractor, options);
    this.services = this.#stage.services;
    this.#delivered = options.position;
    this.#resource = new HeldResource(
      // The services are those that the definition asks for, by its own tokens.
      (signal) => extractor.open({ ...this.#stage.context(signal), position: this.#delivered } as never),
      (resource) => extractor.close?.(resource),
    );
  }

  /** What an extractor of streams reads; null = it has a source of its own. */
  select(): StreamSelection | null {
    return this.#extractor.select?.(this.#stage.attributes) ?? null;
  }

  /** The next rows; null = there will be none any more. */
  async next(): Promise<Extracted | null> {
    if (this.#extractor.next === undefined) throw new Error(`${this.#extractor.name} reads streams: it has no rows of its own`);
    const extracted = await this.#extractor.next(await this.#resource.get(), { signal: this.#resource.signal });
    if (extracted !== null) this.#taken = extracted.position;
    return extracted;
  }

  /** Everything that was taken has been delivered: a restart goes on after it. */
  deliver(): void {
    this.#delivered = this.#taken;
  }

  /** As when the server was restarted: goes on after what was delivered. */
  async restart(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await this.#resource.close();
  }
}

/** A driver for an extractor. */
export function extractorDriver<A, I extends Injections, R>(
  extractor: ExtractorDefinition<A, I, R>,
  options?: DriverOptions & { readonly position?: Json },
): ExtractorDriver<A, I, R> {
  return new ExtractorDriver(extractor, options);
}
