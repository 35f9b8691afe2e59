import type { DeviceRecord, Session } from '../client/session.ts';
import type { DeviceRows } from '../mapping/device-rows.ts';
import type { CellValue } from '../rpc/data-type.ts';
import type { TypedValue } from '../rpc/record.ts';
import type { Status } from '../rpc/structs.ts';
import type { Tablet } from '../rpc/tablet.ts';

/** Rows of one or several devices that go in one call. */
export interface InsertCall {
  /** @returns of the call as a whole */
  readonly send: (session: Session) => Promise<Status>;
  /** Of what is sent, whose it is: one for each status that the call may answer with. */
  readonly owners: readonly DeviceRows[];
}

/** Devices with fewer rows than this, on average, go as records, in the order of the event: a tablet costs more than a row of it. */
const tabletRowsMin = 2;

/** A row that no call can hold. */
interface Oversized {
  readonly part: DeviceRows;
  readonly size: number;
}

/**
 * Cuts rows of devices into calls of a size.
 * @param sizeMax bytes that a call should not exceed; a row that is larger goes alone
 * @param rowSizeMax bytes of a row that the server takes
 */
export function cutIntoCalls(
  devices: readonly DeviceRows[],
  sizeMax: number,
  rowSizeMax: number,
): { readonly calls: InsertCall[]; readonly oversized: Oversized[] } {
  const calls: DeviceRows[][] = [];
  const oversized: Oversized[] = [];
  let callSize = Number.POSITIVE_INFINITY;
  for (const { part, size } of devices.flatMap((device) => cutBySize(device, sizeMax))) {
    if (size > rowSizeMax) {
      oversized.push({ part, size });
      continue;
    }
    if (callSize + size > sizeMax) {
      calls.push([]);
      callSize = 0;
    }
    calls.at(-1)!.push(part);
    callSize += size;
  }
  return { calls: calls.map(insertCall), oversized };
}

export function insertCall(parts: readonly DeviceRows[]): InsertCall {
  const rowCount = parts.reduce((sum, { rows }) => sum + rows.length, 0);
  const tablets = parts.map(({ tablet }) => tablet);
  if (parts.length === 1) return { owners: parts, send: (session) => session.insertTablet(tablets[0]!) };
  if (rowCount >= parts.length * tabletRowsMin) return { owners: parts, send: (session) => session.insertTablets(tablets) };
  const records = parts.flatMap(recordsOf).sort((left, right) => left.row - right.row);
  const owners = records.map(({ part }) => part);
  return { owners, send: (session) => session.insertRecords(records.map(({ record }) => record)) };
}

/** What is larger than the limit has one row. */
function cutBySize(part: DeviceRows, sizeMax: number): { readonly part: DeviceRows; readonly size: number }[] {
  const size = sizeOf(part.tablet);
  if (size <= sizeMax || part.rows.length === 1) return [{ part, size }];
  const middle = part.rows.length >> 1;
  const indexes = part.rows.map((_, i) => i);
  return [indexes.slice(0, middle), indexes.slice(middle)].flatMap((half) => cutBySize(pickRows(part, half), sizeMax));
}

/** Rows of a device that come before a row of the event, and the others. */
function splitAt(part: DeviceRows, row: number): { readonly before: DeviceRows; readonly rest: DeviceRows } {
  const indexes = part.rows.map((_, i) => i);
  return {
    before: pickRows(
      part,
      indexes.filter((i) => part.rows[i]! < row),
    ),
    rest: pickRows(
      part,
      indexes.filter((i) => part.rows[i]! >= row),
    ),
  };
}

/** Halves of several rows by their order in the event. */
export function halveByRow(parts: readonly DeviceRows[]): readonly (readonly DeviceRows[])[] {
  const rows = parts.flatMap((part) => part.rows).sort((left, right) => left - right);
  const halves = parts.map((part) => splitAt(part, rows[rows.length >> 1]!));
  return [halves.map(({ before }) => before), halves.map(({ rest }) => rest)].map((half) => half.filter((part) => part.rows.length > 0));
}

/** Measurements that are NULL in all of them stay: the server says of each row the same as before. */
function pickRows({ tablet, rows }: DeviceRows, indexes: readonly number[]): DeviceRows {
  const columns = tablet.columns.map((column) => ({ ...column, values: indexes.map((i) => column.values[i]!) }));
  return { rows: indexes.map((i) => rows[i]!), tablet: { ...tablet, times: indexes.map((i) => tablet.times[i]!), columns } };
}

/** Bytes of a tablet, roughly: no less than it has. */
function sizeOf({ device, times, columns }: Tablet): number {
  const names = columns.reduce((sum, { measurement }) => sum + measurement.length * 3 + 16, device.length * 3 + 64);
  return columns.reduce((sum, { values }) => sum + values.reduce(addSize, 0), names + times.length * 9);
}

function addSize(sum: number, value: CellValue | null): number {
  return sum + (Buffer.isBuffer(value) ? value.length + 5 : 9);
}

interface RowRecord {
  readonly record: DeviceRecord;
  readonly part: DeviceRows;
  /** Of the event. */
  readonly row: number;
}

function recordsOf(part: DeviceRows): RowRecord[] {
  const { device, times, columns } = part.tablet;
  return times.map((time, i) => {
    const present = columns.filter(({ values }) => values[i] !== null);
    const values = present.map(({ type, values: lane }): TypedValue => ({ type, value: lane[i]! }));
    return { part, row: part.rows[i]!, record: { device, time, measurements: present.map(({ measurement }) => measurement), values } };
  });
}
