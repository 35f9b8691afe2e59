import type { Column, Streams } from '@millrace/sdk';
import { type Deployment, refusal } from './deployment.ts';

/** A stream of the other deployment. */
export interface TargetStream {
  readonly columns: ReadonlySet<string>;
  /** True: rows may carry their event time as `_tp_time`, since no column of the stream is it. */
  readonly takesEventTime: boolean;
}

interface StreamDocument {
  readonly columns: readonly { readonly name: string }[];
  readonly event_time_column: string | null;
  readonly data_format: string;
}

/** Every row has it, and few streams declare it. */
export const eventTime = '_tp_time';

const unknownStream = 60;
const streamExists = 57;

/** What is known of the streams of the other deployment; asked once each. */
export class TargetStreams {
  readonly #deployment: Deployment;
  readonly #own: Streams;
  readonly #areMade: boolean;
  readonly #known = new Map<string, TargetStream>();

  /** @param own streams on this side. @param areMade whether streams that are missing over there are made */
  constructor(deployment: Deployment, own: Streams, areMade: boolean) {
    this.#deployment = deployment;
    this.#own = own;
    this.#areMade = areMade;
  }

  /** @param source the stream on this side. @param columns what is to be written. @throws {Error} if it does not exist, or lacks some of them */
  async get(name: string, source: string, columns: readonly Column[], signal: AbortSignal): Promise<TargetStream> {
    const stream = this.#known.get(name) ?? (await this.#read(name, signal)) ?? (await this.#make(name, source, columns, signal));
    const missing = columns.filter(({ name: column }) => column !== eventTime && !stream.columns.has(column));
    if (missing.length > 0) {
      // It may have been made anew since.
      this.#known.delete(name);
      throw new Error(
        `the stream ${name} over there has no column ${missing.map((column) => column.name).join(', ')}; it has ${[...stream.columns].join(', ')}`,
      );
    }
    this.#known.set(name, stream);
    return stream;
  }

  /** Asked again the next time. */
  forget(name: string): void {
    this.#known.delete(name);
  }

  async #read(name: string, signal: AbortSignal): Promise<TargetStream | undefined> {
    const answer = await this.#deployment.request('GET', `/proton/v1/ddl/streams/${encodeURIComponent(name)}`, signal);
    if (answer.status === 404 && answer.errorNumber === unknownStream) return undefined;
    if (answer.status !== 200) throw refusal(answer, `the stream ${name} cannot be read`);
    const [document] = (JSON.parse(answer.text) as { data: StreamDocument[] }).data;
    const columns = new Set(document!.columns.map((column) => column.name));
    const hasFields = /^json/i.test(document!.data_format);
    return { columns, takesEventTime: document!.event_time_column === null && !columns.has(eventTime) && hasFields };
  }

  async #make(name: string, source: string, columns: readonly Column[], signal: AbortSignal): Promise<TargetStream> {
    if (!this.#areMade) throw new Error(`there is no stream ${name} over there; make it, or set 'create-streams'='true'`);
    const timeColumn = this.#own.get(source)?.eventTimeColumn;
    const declared = columns.filter((column) => column.name !== eventTime);
    const body = {
      name,
      columns: declared.map((column) => ({ name: column.name, type: column.type })),
      ...(declared.some((column) => column.name === timeColumn) && { event_time_column: timeColumn }),
    };
    const answer = await this.#deployment.request('POST', '/proton/v1/ddl/streams', signal, JSON.stringify(body));
    // Somebody else may have been quicker.
    if (answer.status !== 200 && answer.errorNumber !== streamExists) throw refusal(answer, `the stream ${name} cannot be made`);
    const made = await this.#read(name, signal);
    if (made === undefined) throw new Error(`the stream ${name} was made over there, but is not found`);
    return made;
  }
}
