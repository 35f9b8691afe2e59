/** The server's answer is an error: what it says, taken apart. */
export class ServerError extends Error {
  /** ClickHouse's number and name of the error; 0 and `''` where the answer is no text of that form. */
  readonly number: number;
  readonly codeName: string;
  /** The piece of the statement with carets below it. */
  readonly frame: string | undefined;
  readonly hint: string | undefined;

  /** @param text `Code: 62. DB::Exception: <message>. (SYNTAX_ERROR)`, then frame and hint on lines of their own */
  constructor(text: string) {
    const match = text.trim().match(/^Code: (\d+)\. DB::Exception: ([\s\S]*?)\. \(([A-Z][A-Z0-9_]*)\)(?:\n([\s\S]*))?$/);
    super(match?.[2] ?? text.trim());
    this.number = Number(match?.[1] ?? 0);
    this.codeName = match?.[3] ?? '';
    const lines = match?.[4]?.split('\n') ?? [];
    const hintAt = lines.findIndex((line) => line.startsWith('hint: '));
    const frame = lines.slice(0, hintAt === -1 ? undefined : hintAt).join('\n');
    this.frame = frame === '' ? undefined : frame;
    this.hint = hintAt === -1 ? undefined : lines.slice(hintAt).join('\n').slice('hint: '.length);
  }
}

/** What a command was told to work on does not exist. */
export class NotThere extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

/** No server answers, or it went away in the middle of an answer. */
export class Unreachable extends Error {
  readonly hint: string;

  constructor(message: string, hint: string, cause: unknown) {
    super(message, { cause });
    this.hint = hint;
  }
}
