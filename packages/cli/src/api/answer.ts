import type { IncomingMessage } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { ServerError, Unreachable } from './errors.ts';
import { resultBytes } from './result-bytes.ts';

/** The answer to a statement: headers at once, bytes as they come. Whoever stops reading ends the query. */
export class Answer {
  readonly #message: IncomingMessage;
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;

  constructor(message: IncomingMessage, url: string, signal: AbortSignal | undefined) {
    this.#message = message;
    this.#url = url;
    this.#signal = signal;
  }

  get queryId(): string {
    return String(this.#message.headers['x-clickhouse-query-id'] ?? '');
  }

  /** The format that the server has chosen. */
  get format(): string {
    return String(this.#message.headers['x-clickhouse-format'] ?? '');
  }

  /**
   * The bytes of the result. @throws {ServerError} if the query failed, also in the middle; {@link Unreachable} if the server went
   * away; the signal's reason if that was aborted.
   */
  async *bytes(): AsyncGenerator<Buffer> {
    try {
      yield* resultBytes(this.#message, this.format);
    } catch (thrown) {
      this.#signal?.throwIfAborted();
      if (thrown instanceof ServerError) throw thrown;
      throw new Unreachable(`the server at ${this.#url} went away before its answer was complete`, 'run the statement again', thrown);
    }
  }

  /** All of it. @throws as {@link Answer.bytes} */
  text(): Promise<string> {
    return readText(this.bytes());
  }

  /** Its lines as they come; the last one may lack its end. @throws as {@link Answer.bytes} */
  async *lines(): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const bytes of this.bytes()) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest !== '') yield rest;
  }
}
