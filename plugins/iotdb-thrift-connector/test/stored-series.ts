import type { CellValue, DataType } from '../src/rpc/data-type.ts';
import type { ArrivedRow } from './fake-iotdb.ts';

interface Series {
  readonly type: DataType;
  readonly values: Map<bigint, CellValue>;
}

/** What a server keeps: of each device its measurements, of each measurement one value a time. The first value says the type. */
export class StoredSeries {
  readonly #devices = new Map<string, Map<string, Series>>();

  /** @returns what was not stored */
  insert({ device, time, values }: ArrivedRow): { readonly measurement: string; readonly reason: string }[] {
    const measurements = this.#devices.get(device) ?? new Map<string, Series>();
    this.#devices.set(device, measurements);
    return [...values].flatMap(([measurement, { type, value }]) => {
      const series = measurements.get(measurement) ?? { type, values: new Map<bigint, CellValue>() };
      measurements.set(measurement, series);
      if (series.type !== type) {
        const reason = `data type of ${device}.${measurement} is not consistent, registered type ${series.type}, inserting type ${type}`;
        return [{ measurement, reason }];
      }
      series.values.set(time, value);
      return [];
    });
  }

  /** @param path `<device>.*` */
  delete(path: string, start: bigint, end: bigint): void {
    for (const series of this.#devices.get(path.replace(/\.\*$/, ''))?.values() ?? [])
      for (const time of [...series.values.keys()]) if (time >= start && time <= end) series.values.delete(time);
  }

  /** The rows of a device by time: of each the values by measurement, text as such. */
  rows(device: string): { readonly time: bigint; readonly [measurement: string]: unknown }[] {
    const times = new Map<bigint, Record<string, unknown>>();
    for (const [measurement, { values }] of this.#devices.get(device) ?? [])
      for (const [time, value] of values) {
        const row = times.get(time) ?? {};
        times.set(time, row);
        row[measurement] = Buffer.isBuffer(value) ? value.toString() : value;
      }
    return [...times].sort(([left], [right]) => (left < right ? -1 : 1)).map(([time, row]) => ({ time, ...row }));
  }

  typeOf(device: string, measurement: string): DataType | undefined {
    return this.#devices.get(device)?.get(measurement)?.type;
  }

  get devices(): string[] {
    return [...this.#devices.keys()].sort();
  }
}
