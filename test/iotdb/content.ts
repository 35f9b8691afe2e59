import type { ApacheIotdb } from './apache-iotdb.ts';

/** A row of a device: its time, and its measurements that are not NULL; text as such. */
export type ContentRow = { readonly time: bigint } & { readonly [measurement: string]: unknown };

/** What a server holds below a path, by device. @param pattern e.g. `root.db.**` */
export async function contentOf(server: ApacheIotdb, pattern: string): Promise<Map<string, ContentRow[]>> {
  const session = await server.connect();
  try {
    const { columns, times, rows } = await session.execute(`SELECT ** FROM ${pattern.replace(/\.\*\*$/, '')}`);
    const content = new Map<string, ContentRow[]>();
    const series = columns.map(splitSeries);
    rows.forEach((row, i) => {
      const byDevice = new Map<string, Record<string, unknown>>();
      row.forEach((value, c) => {
        if (value === null) return;
        const { device, measurement } = series[c]!;
        const found = byDevice.get(device) ?? {};
        byDevice.set(device, found);
        found[measurement] = Buffer.isBuffer(value) ? value.toString() : value;
      });
      for (const [device, values] of byDevice) content.set(device, [...(content.get(device) ?? []), { time: times[i]!, ...values }]);
    });
    return content;
  } finally {
    await session.close();
  }
}

function splitSeries(path: string): { readonly device: string; readonly measurement: string } {
  const nodes = path.match(/`(?:[^`]|``)*`|[^.]+/g)!;
  return { device: nodes.slice(0, -1).join('.'), measurement: nodes.at(-1)! };
}
