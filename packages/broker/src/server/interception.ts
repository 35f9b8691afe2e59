import type { KafkaErrorName } from '@millrace/kafka-protocol';
import type { AnyRequest, ApiName } from '../handlers/error-answer.ts';

/** A request as an interceptor sees it: decoded, not yet served. `body` has the shape of its `api`. */
export type InterceptedRequest = AnyRequest & {
  readonly version: number;
  readonly clientId: string;
  /** The virtual broker that got it. */
  readonly nodeId: number;
};

/**
 * What becomes of an intercepted request. First the delay, then:
 * `error`: a well-formed answer in the request's version that says of everything asked for that it failed so; nothing of it was done,
 * or, with `takesEffect`, all of it was, and only the answer lies.
 * `cut`: the connection is closed without an answer, `before` the request took effect or `after`.
 * Neither: it is served.
 */
export interface Verdict {
  readonly delayMs?: number;
  readonly error?: KafkaErrorName;
  readonly takesEffect?: boolean;
  readonly cut?: 'before' | 'after';
}

/** Is asked about each request, in the order in which requests are served; undefined lets it pass. Must not throw. */
export type Intercept = (request: InterceptedRequest) => Verdict | undefined;

/** An interceptor as plain data, so that it can be sent to a broker in another thread. */
export interface InterceptionRule {
  /** Which requests; those of every API, client or node where left out. */
  readonly api?: ApiName;
  readonly clientId?: string;
  readonly nodeId?: number;
  /** How many of those pass first; default 0. */
  readonly skip?: number;
  /** How many of the others it is applied to; default all. */
  readonly times?: number;
  readonly verdict: Verdict;
}

/** The interceptor that a rule describes; counts on its own. */
export function interceptBy({ api, clientId, nodeId, skip = 0, times = Number.POSITIVE_INFINITY, verdict }: InterceptionRule): Intercept {
  let seen = 0;
  return (request) => {
    const isMeant =
      (api === undefined || api === request.api) &&
      (clientId === undefined || clientId === request.clientId) &&
      (nodeId === undefined || nodeId === request.nodeId);
    if (!isMeant) return undefined;
    seen++;
    return seen > skip && seen <= skip + times ? verdict : undefined;
  };
}

/** The interceptors of a broker. */
export class Interceptions {
  readonly #intercepts = new Set<Intercept>();

  get isEmpty(): boolean {
    return this.#intercepts.size === 0;
  }

  /** @returns what takes it away again. */
  add(intercept: Intercept): () => void {
    const own: Intercept = (request) => intercept(request);
    this.#intercepts.add(own);
    return () => void this.#intercepts.delete(own);
  }

  /** What the first interceptor says that says something; the others see the request too. */
  judge(request: InterceptedRequest): Verdict | undefined {
    let verdict: Verdict | undefined;
    for (const intercept of this.#intercepts) {
      const said = intercept(request);
      verdict ??= said;
    }
    return verdict;
  }
}
