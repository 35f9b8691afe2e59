/** The server answered with an error; the message is its text with frame and hint. */
export class ServerError extends Error {
  /** ClickHouse's number of the error. */
  readonly number: number;

  constructor(text: string) {
    super(text.trim());
    this.number = Number(text.match(/Code: (\d+)\./)?.[1] ?? 0);
  }
}

/** No server answers. */
export class Unreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`no server answers at ${url}\nhint: start one with \`millrace server\`, or name another with --url or MILLRACE_URL`, { cause });
  }
}
