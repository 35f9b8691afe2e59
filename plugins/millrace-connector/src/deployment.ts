import { NotConnected, Retryable } from '@millrace/sdk';

export interface DeploymentOptions {
  /** Base URLs of its servers: the first one that answers is used. */
  readonly servers: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** ClickHouse's number of the error, which Millrace's servers give. */
  readonly errorNumber: number | undefined;
}

/** Not this time, but perhaps later. */
const transientStatus = new Set([408, 425, 429]);
const messageLengthMax = 500;

/** The HTTP interface of another Millrace, on whichever of its servers answers. */
export class Deployment {
  readonly #options: DeploymentOptions;
  /** The server that answered last. */
  #current = 0;

  constructor(options: DeploymentOptions) {
    this.#options = options;
  }

  /**
   * Asks one server after another.
   * @throws {NotConnected} none answers. {Retryable} one answers that it cannot now
   */
  async request(
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { servers } = this.#options;
    const failures: string[] = [];
    for (const _ of servers) {
      const server = servers[this.#current]!;
      try {
        return checkAnswer(await this.#exchange(server, method, path, signal, body, headers), `${server}${path}`);
      } catch (error) {
        if (!(error instanceof NotConnected)) throw error;
        failures.push(error.message);
        this.#current = (this.#current + 1) % servers.length;
      }
    }
    throw new NotConnected(failures.join('; '));
  }

  async #exchange(
    server: string,
    method: string,
    path: string,
    signal: AbortSignal,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const { timeoutMs, headers: common } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(server + path, {
        method,
        headers: { ...common, ...headers },
        body: body ?? null,
        redirect: 'manual',
        signal: AbortSignal.any([signal, late]),
      });
      const text = await response.text();
      const number = response.headers.get('x-clickhouse-exception-code');
      return { status: response.status, text, errorNumber: number === null ? undefined : Number(number) };
    } catch (cause) {
      signal.throwIfAborted();
      const reason = late.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause);
      throw new NotConnected(`${server} cannot be reached: ${reason}`, { cause });
    }
  }
}

/** What went wrong, in the words of the other side. */
export function refusal({ status, text }: Answer, what: string): Error {
  return new Error(`${what}: ${status} ${text.slice(0, messageLengthMax).trim()}`);
}

function checkAnswer(answer: Answer, place: string): Answer {
  const isTransient = (answer.status >= 500 && answer.status !== 501) || transientStatus.has(answer.status);
  if (isTransient) throw new Retryable(refusal(answer, place).message);
  return answer;
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: NodeJS.ErrnoException };
  return cause?.message || cause?.code || String(error);
}
