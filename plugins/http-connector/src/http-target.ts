import { type Clock, NotConnected, Retryable } from '@millrace/sdk';
import { retryAfterMs } from './retry-after.ts';

export interface HttpTargetOptions {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The target has read the rows and does not want them; `status` is 400, 413 or 422. */
export interface RowsRefused {
  readonly status: number;
  readonly message: string;
}

interface Answer {
  readonly response: Response;
  /** How its body begins. */
  readonly text: string;
}

/** How much of an answer is read: enough to tell what went wrong, and to use the connection again. */
const answerBytesMax = 65_536;
const messageLengthMax = 300;
/** Not this time, but perhaps later. */
const transientStatus = new Set([408, 425, 429]);
/** What the request holds is to blame. */
const refusedStatus = new Set([400, 413, 422]);

/** A web service that takes rows. */
export class HttpTarget {
  readonly #options: HttpTargetOptions;

  constructor(options: HttpTargetOptions) {
    this.#options = options;
  }

  /** Whether anything answers, whatever it is. @throws {NotConnected} */
  async reach(url: URL, signal: AbortSignal): Promise<void> {
    await this.#exchange(url, { method: 'HEAD', headers: this.#options.headers }, signal);
  }

  /**
   * Delivers one body.
   * @returns undefined when it is delivered
   * @throws {NotConnected} nothing answers, or not in time. {Retryable} 408, 425, 429, 5xx. {Error} every other status but 2xx
   */
  async send(url: URL, body: Uint8Array, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<RowsRefused | undefined> {
    const { method, headers: common, clock } = this.#options;
    const { response, text } = await this.#exchange(url, { method, headers: { ...common, ...headers }, body }, signal);
    const { status } = response;
    if (response.ok) return undefined;
    const message = `${method} ${placeOf(url)} answers ${status}${text === '' ? '' : `: ${text}`}`;
    if (refusedStatus.has(status)) return { status, message };
    if (status < 500 && !transientStatus.has(status)) throw new Error(message);
    const afterMs = retryAfterMs(response.headers.get('retry-after'), clock.now());
    throw new Retryable(message, afterMs === undefined ? {} : { afterMs });
  }

  async #exchange(url: URL, request: RequestInit, signal: AbortSignal): Promise<Answer> {
    const { timeoutMs } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      // A redirected request would lose its body, or carry credentials to another host.
      const response = await fetch(url, { ...request, redirect: 'manual', signal: AbortSignal.any([signal, late]) });
      return { response, text: await beginningOf(response) };
    } catch (cause) {
      signal.throwIfAborted();
      const reason = late.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
      throw new NotConnected(`${placeOf(url)} cannot be reached: ${reason}`, { cause });
    }
  }
}

/** Without what may be secret. */
function placeOf({ origin, pathname }: URL): string {
  return origin + pathname;
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && cause.message !== '' ? cause.message : ((cause as NodeJS.ErrnoException)?.code ?? String(error));
}

/** The status has decided already: an answer that breaks off says less, and changes nothing. */
async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const part of body) {
      bytes += part.length;
      if (text.length < messageLengthMax) text += decoder.decode(part, { stream: true });
      if (bytes > answerBytesMax) break;
    }
  } catch {}
  return text.slice(0, messageLengthMax).trim();
}
