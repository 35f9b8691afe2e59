import { randomBytes } from 'node:crypto';
import { type Api, apis, type EncodableRequest, type ResponseOf } from '@millrace/kafka-protocol';
import type { RawClient } from '../../../packages/broker/test/raw-client.ts';
import { type Subject, until } from '../subject.ts';
import { plainAnswer } from './plain-answer.ts';

/** What one request is answered with, by the versions that are answered alike. */
export type Answers = Readonly<Record<string, readonly { readonly versions: readonly number[]; readonly answer: unknown }[]>>;

/** The errors of a coordinator that is just starting or still writing what was decided: the request is sent again. */
const transient = new Set([14, 15, 16, 51]);

/** Sends the requests of a corpus and keeps the answers. */
export class Exchange {
  readonly subject: Subject;
  /** Makes names unique. */
  readonly run = randomBytes(4).toString('hex');
  readonly #client: RawClient;
  readonly #served: ReadonlyMap<number, readonly [min: number, max: number]>;
  readonly #answers = new Map<string, { versions: number[]; answer: unknown }[]>();

  private constructor(subject: Subject, client: RawClient, served: ReadonlyMap<number, readonly [number, number]>) {
    this.subject = subject;
    this.#client = client;
    this.#served = served;
  }

  static async open(subject: Subject): Promise<Exchange> {
    const { apiKeys } = await subject.request(apis.apiVersions, 0, {});
    const served = apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion] as const] as const);
    return new Exchange(subject, await subject.connect(), new Map(served));
  }

  /** The versions of an API that are both defined and listed by the broker. Produce before 3 is listed for old clients, and not spoken. */
  versionsOf(api: Api): number[] {
    const [min, max] = this.#served.get(api.key) ?? [0, -1];
    const first = Math.max(min, api.versions[0], api === (apis.produce as Api) ? 3 : 0);
    const count = Math.min(max, api.versions[1]) - first + 1;
    return Array.from({ length: Math.max(0, count) }, (_, i) => first + i);
  }

  /** A name of this run, the same for all who ask for it with the same words. */
  name(...words: readonly (string | number)[]): string {
    return [...words, this.run].join('-');
  }

  /**
   * Sends a request and keeps its answer.
   * @param what tells it from the others of its API.
   * @param view the part of the answer that is kept, where the rest is of others or of the broker itself.
   */
  async ask<A extends Api>(
    what: string,
    api: A,
    version: number,
    body: EncodableRequest<A>,
    view: (answer: ResponseOf<A>) => unknown = (answer) => answer,
  ): Promise<ResponseOf<A>> {
    const answer = await until(
      () => this.#client.request(api, version, body),
      (candidate) => !hasTransientError(candidate),
    );
    this.#keep(`${api.name}: ${what}`, version, plainAnswer(view(answer), this.run));
    return answer;
  }

  get answers(): Answers {
    return Object.fromEntries([...this.#answers].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The ranges of versions that the broker lists. */
  get served(): Readonly<Record<string, readonly [min: number, max: number]>> {
    return Object.fromEntries([...this.#served].sort(([a], [b]) => a - b));
  }

  #keep(label: string, version: number, answer: unknown): void {
    const known = this.#answers.get(label) ?? [];
    const same = known.find((other) => JSON.stringify(other.answer) === JSON.stringify(answer));
    if (same === undefined) known.push({ versions: [version], answer });
    else same.versions.push(version);
    this.#answers.set(label, known);
  }
}

function hasTransientError(answer: unknown): boolean {
  if (answer === null || typeof answer !== 'object' || Buffer.isBuffer(answer)) return false;
  return Object.entries(answer).some(([key, value]) => (/errorCode$/i.test(key) ? transient.has(Number(value)) : hasTransientError(value)));
}
