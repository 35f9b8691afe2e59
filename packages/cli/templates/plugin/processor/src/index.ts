import { a, defineProcessor } from '@millrace/sdk';

/** Hands on the rows whose value in a column is great enough. */
export default defineProcessor({
  name: 'my-plugin',
  summary: 'Passes rows from a value on.',
  attributes: a.object({
    column: a.string().describe('the column that is compared').example('temperature'),
    least: a.number().default('0').describe('the least value that passes'),
  }),
  filter(row, { attributes }) {
    const value = row[attributes.column];
    return (typeof value === 'number' || typeof value === 'bigint') && value >= attributes.least;
  },
});
