import type { DeleteEvent, Logger, Metrics, RowsEvent } from '@millrace/sdk';
import { ConnectionFailed } from '../client/connection.ts';
import type { Session } from '../client/session.ts';
import { devicePath } from '../mapping/device-path.ts';
import type { DeviceRows } from '../mapping/device-rows.ts';
import { mapRows } from '../mapping/device-rows.ts';
import { describeStatus, statusCode, verdictOf } from '../rpc/status.ts';
import type { Endpoint, Status } from '../rpc/structs.ts';
import type { Target } from '../target/target.ts';
import { cutIntoCalls, halveByRow, type InsertCall, insertCall } from './insert-calls.ts';
import { OrderGate } from './order-gate.ts';
import { asHostError, failureOf, outcomesOf, type PartOutcome } from './outcome.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Bytes of a call: enough to be worth its while, and no burden for either side. */
const callSizeMax = 8 * 1024 * 1024;
/** Of a message, beside the rows. */
const overheadSize = 64 * 1024;
/** Series whose rejected values have been logged. */
const reportedMax = 1_000;
const [timeMin, timeMax] = [-(2n ** 63n), 2n ** 63n - 1n];

export interface DeliveryOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Whether a value of another type than its measurement has fails the row, instead of being reported and left out. */
  readonly isStrict: boolean;
}

/** Brings events to a server. */
export class Delivery {
  readonly #target: Target;
  readonly #options: DeliveryOptions;
  readonly #gate = new OrderGate();
  readonly #reported = new Set<string>();

  constructor(target: Target, options: DeliveryOptions) {
    this.#target = target;
    this.#options = options;
  }

  /** Resolves when all rows are stored. Throws as connectors do. */
  async insert(event: RowsEvent, signal: AbortSignal): Promise<void> {
    const { devices, emptyRows, failure } = mapRows(event, this.#target.types);
    if (emptyRows > 0) this.#options.metrics.count('empty_rows', emptyRows);
    await unlessAborted(
      this.#gate.pass(() => this.#insertDevices(devices)),
      signal,
    );
    if (failure !== null) throw failure;
  }

  /** Resolves when all values of the device are gone; what was written before is gone with them, what comes after is not. */
  async delete({ stream, key }: DeleteEvent, signal: AbortSignal): Promise<void> {
    if (key === null) {
      this.#options.metrics.count('deletions_without_key');
      return;
    }
    const path = `${devicePath(stream, key)}.*`;
    const remove = () => this.#call(undefined, (session) => session.deleteData([path], timeMin, timeMax));
    const status = await unlessAborted(this.#gate.alone(remove), signal);
    const failure = failureOf(outcomesOf(status, [{ tablet: { device: path, times: [], columns: [] }, rows: [0] }]));
    if (failure !== null) throw failure;
  }

  async ping(): Promise<void> {
    await this.#call(undefined, (session) => session.ping());
  }

  close(): Promise<void> {
    return this.#target.close();
  }

  async #insertDevices(devices: readonly DeviceRows[]): Promise<void> {
    const { frameSizeMax } = this.#target;
    const rowSizeMax = frameSizeMax - overheadSize;
    const outcomes: PartOutcome[] = [];
    for (const { place, parts } of this.#byPlace(devices)) {
      const { calls, oversized } = cutIntoCalls(parts, Math.min(callSizeMax, rowSizeMax), rowSizeMax);
      for (const call of calls) outcomes.push(...(await this.#insertCall(place, call)));
      for (const { part, size } of oversized) outcomes.push({ part, verdict: 'refused', status: tooLarge(size, rowSizeMax) });
    }
    const failure = failureOf(outcomes);
    if (failure !== null) throw failure;
  }

  /** In the order of the event where all go to one place. */
  #byPlace(devices: readonly DeviceRows[]): { readonly place: Endpoint | undefined; readonly parts: DeviceRows[] }[] {
    const groups = new Map<string, { place: Endpoint | undefined; parts: DeviceRows[] }>();
    for (const part of devices) {
      const place = this.#target.placeOf(part.tablet.device);
      const name = place === undefined ? '' : `${place.ip}:${place.port}`;
      const group = groups.get(name);
      if (group) group.parts.push(part);
      else groups.set(name, { place, parts: [part] });
    }
    return [...groups.values()];
  }

  /**
   * The server says of several rows together that it does not take them: halves, in the order of the event, show which one it means,
   * and those before it are stored by then.
   */
  async #insertCall(place: Endpoint | undefined, call: InsertCall): Promise<readonly PartOutcome[]> {
    const outcomes = outcomesOf(await this.#call(place, call.send), call.owners).map((outcome) => this.#judge(outcome));
    for (const status of new Set(outcomes.map((outcome) => outcome.status))) this.#report(status);
    for (const { part, status } of outcomes) if (status.redirectNode) this.#target.redirect(part.tablet.device, status.redirectNode);
    const refused = [...new Set(outcomes.flatMap(({ verdict, part }) => (verdict === 'refused' ? [part] : [])))];
    if (refused.length === 0 || (refused.length === 1 && refused[0]!.rows.length === 1)) return outcomes;
    const found = outcomes.filter(({ verdict }) => verdict !== 'refused');
    for (const half of halveByRow(refused)) {
      found.push(...(await this.#insertCall(place, insertCall(half))));
      if (failureOf(found) !== null) break;
    }
    return found;
  }

  #judge(outcome: PartOutcome): PartOutcome {
    return outcome.verdict === 'partly' && this.#options.isStrict ? { ...outcome, verdict: 'refused' } : outcome;
  }

  /** What is delivered but for something: counted each time, and a series whose values are rejected is logged once. */
  #report(status: Status): void {
    const { log, metrics } = this.#options;
    if (status.code === statusCode.expired) metrics.count('expired');
    if (verdictOf(status) !== 'partly') return;
    const series = rejectedSeries(status);
    metrics.count('rejected', series.length);
    const news = series.filter((path) => !this.#reported.has(path));
    if (news.length > 0)
      log.warn({ series: news, status: describeStatus(status) }, 'IoTDB does not take values of another type; the others are stored');
    for (const path of news) if (this.#reported.size < reportedMax) this.#reported.add(path);
  }

  /** A node that was pointed to but cannot be reached is forgotten: any other will do. */
  async #call<T>(place: Endpoint | undefined, make: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.#target.call(place, make);
    } catch (failure) {
      if (place === undefined || !(failure instanceof ConnectionFailed)) throw asHostError(failure);
      this.#options.log.warn(
        { ip: place.ip, port: place.port, reason: failure.message },
        'the node that IoTDB points to cannot be reached',
      );
      this.#target.forget(place);
      return this.#call(undefined, make);
    }
  }
}

/** Their paths, as the message has them: `… caused by [data type of root.a.d.m is not consistent, registered type INT32, …]`. */
function rejectedSeries({ message = '' }: Status): string[] {
  const paths = [...message.matchAll(/data type of (.+?) is not consistent/g)].map((match) => match[1]!);
  return paths.length === 0 ? ['?'] : [...new Set(paths)];
}

/** What a server would say if it could: it closes the connection instead. */
function tooLarge(size: number, sizeMax: number): Status {
  return { code: statusCode.executionError, message: `a row of ${size} bytes, where at most ${sizeMax} are taken` };
}
