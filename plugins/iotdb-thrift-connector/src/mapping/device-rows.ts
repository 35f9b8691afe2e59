import { BadRecord, type ColumnReader, type RowsEvent } from '@millrace/sdk';
import type { CellValue } from '../rpc/data-type.ts';
import type { Tablet, TabletColumn } from '../rpc/tablet.ts';
import { type ColumnMapping, mapColumn, parseType, type ServerTypes, timeOf } from './column-mapping.ts';
import { devicePath } from './device-path.ts';
import { measurementsOf } from './measurements.ts';
import { convertTicks } from './server-time.ts';

/** Time of rows; not a measurement. */
const timeColumn = '_tp_time';

/** Rows of one device, ready to be sent: by time, and of the same time in the order of the event. */
export interface DeviceRows {
  readonly tablet: Tablet;
  /** Of each row of the tablet, which one of the event it is. */
  readonly rows: readonly number[];
}

/** What an event becomes. */
export interface MappedEvent {
  readonly devices: readonly DeviceRows[];
  /** Rows without any value: IoTDB has nothing to keep of them. */
  readonly emptyRows: number;
  /** The first row that cannot be mapped: everything from there on is missing in `devices`. */
  readonly failure: BadRecord | null;
}

/** Maps the rows of an event to tablets, one a device. */
export function mapRows(event: RowsEvent, server: ServerTypes): MappedEvent {
  const given = event.columns.filter(({ name }) => name !== timeColumn);
  const measurements = measurementsOf(given.map(({ name }) => name));
  const columns = given.map(({ name, type }, i) => {
    return { reader: event.column(name), measurement: measurements[i]!, mapping: mapColumn(type, server) };
  });
  const lanes = columns.map(() => new Array<CellValue | null>(event.rowCount));
  const failure = fillLanes(columns, lanes, event.rowCount);
  const rowCount = failure?.row ?? event.rowCount;
  const times = readTimes(event, rowCount, server.precision);
  const isEmpty = (row: number) => lanes.every((lane) => lane[row] === null);
  const devices: DeviceRows[] = [];
  let emptyRows = 0;
  for (const [device, all] of groupByDevice(event, rowCount)) {
    const rows = all.filter((row) => !isEmpty(row)).sort((left, right) => compareTimes(times[left]!, times[right]!));
    emptyRows += all.length - rows.length;
    if (rows.length === 0) continue;
    devices.push({ tablet: { device, times: rows.map((row) => times[row]!), columns: pickColumns(columns, lanes, rows) }, rows });
  }
  return { devices, emptyRows, failure };
}

interface MappedColumn {
  readonly reader: ColumnReader;
  readonly measurement: string;
  readonly mapping: ColumnMapping;
}

/** Reads all columns, up to the first row with a value that has no place in IoTDB. @returns what is wrong with that row */
function fillLanes(columns: readonly MappedColumn[], lanes: readonly (CellValue | null)[][], rowCount: number): BadRecord | null {
  let failure = null as BadRecord | null;
  for (const [i, column] of columns.entries()) failure = fillLane(column, lanes[i]!, failure?.row ?? rowCount) ?? failure;
  return failure;
}

function fillLane({ reader, mapping }: MappedColumn, lane: (CellValue | null)[], rowCount: number): BadRecord | null {
  let row = 0;
  try {
    for (; row < rowCount; row++) lane[row] = reader.isNull(row) ? null : mapping.cell(reader, row);
    return null;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return new BadRecord(row, `column ${reader.name}: ${cause.message}`, { cause });
  }
}

/** The event time has milliseconds and what a double keeps below them; where the server has more, `_tp_time` itself says it. */
function readTimes(event: RowsEvent, rowCount: number, precision: number): bigint[] {
  const type = precision > 3 ? event.columns.find(({ name }) => name === timeColumn)?.type : undefined;
  const exact = type === undefined ? null : event.column(timeColumn);
  const { digits } = parseType(type ?? '');
  return Array.from({ length: rowCount }, (_, row) => {
    const [time, value] = [event.time(row), exact?.value(row) ?? null];
    if (value === null) return timeOf(time, 3, precision);
    const ticks = timeOf(value as number | bigint, digits, precision);
    const isSameMs = convertTicks(ticks, precision, 3) === timeOf(time, 3, 3);
    return isSameMs ? ticks : timeOf(time, 3, precision);
  });
}

function groupByDevice(event: RowsEvent, rowCount: number): Map<string, number[]> {
  const paths = new Map<string | null, string>();
  const devices = new Map<string, number[]>();
  for (let row = 0; row < rowCount; row++) {
    const key = event.key(row);
    const id = key === null ? null : Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
    let path = paths.get(id);
    if (path === undefined) paths.set(id, (path = devicePath(event.stream, key)));
    const rows = devices.get(path);
    if (rows) rows.push(row);
    else devices.set(path, [row]);
  }
  return devices;
}

/** Columns that are NULL in all of the rows are left out. */
function pickColumns(columns: readonly MappedColumn[], lanes: readonly (CellValue | null)[][], rows: readonly number[]): TabletColumn[] {
  return columns.flatMap(({ measurement, mapping }, i) => {
    const values = rows.map((row) => lanes[i]![row]!);
    return values.every((value) => value === null) ? [] : [{ measurement, type: mapping.type, values }];
  });
}

function compareTimes(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
