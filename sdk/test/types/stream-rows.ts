/** What a file of `millrace gen types` gives; see inference.ts. */
import { a, defineConnector, defineProcessor, isOf, type Row, type StreamRow } from '@millrace/sdk';

declare module '@millrace/sdk' {
  interface StreamRows {
    'typed clicks': {
      readonly user: string;
      readonly amount: bigint | null;
    };
  }
}

export const doubled = defineProcessor({
  name: 'doubled',
  summary: 'Doubles amounts.',
  attributes: a.object({}),
  map: (row: StreamRow<'typed clicks'>) => {
    // @ts-expect-error a column that the stream does not have
    row.usr;
    // @ts-expect-error 64-bit integers are bigint
    const amount: number | null = row.amount;
    return { ...row, amount, twice: (row.amount ?? 0n) * 2n };
  },
});

// @ts-expect-error a stream that the catalog does not have
export type Unknown = StreamRow<'clocks'>;

export const mixed = defineConnector({
  name: 'mixed',
  summary: 'Takes rows of several streams.',
  attributes: a.object({}),
  transfer(_resource, event) {
    if (!isOf(event, 'typed clicks')) {
      const rows: readonly Row[] = event.rows;
      return void rows;
    }
    const user: string = event.row(0).user;
    event.column('user');
    // @ts-expect-error a column that the stream does not have
    event.column('usr');
    // @ts-expect-error a column that the stream does not have
    return void [user, event.row(0).usr];
  },
});
