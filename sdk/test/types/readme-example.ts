import { a, defineConnector, defineProcessor, Logger } from '@millrace/sdk';

export const upper = defineProcessor({
  name: 'upper',
  summary: 'Writes names in capitals.',
  attributes: a.object({ suffix: a.string().default('') }),
  map: (row: { readonly name: string }, { attributes }) => ({ ...row, name: row.name.toUpperCase() + attributes.suffix }),
});

export default defineConnector({
  name: 'post-connector',
  summary: 'Posts each event as lines of JSON.',
  attributes: a.object({ url: a.url().describe('where to post').example('http://127.0.0.1:8080/in') }),
  inject: { log: Logger },
  open: ({ attributes: { url }, log }) => ({ url, log }),
  async transfer({ url, log }, event, { signal }) {
    const body = Array.from({ length: event.rowCount }, (_, row) => event.json(row)).join('\n');
    const answer = await fetch(url, { method: 'POST', body, signal });
    if (!answer.ok) throw new Error(`the service answers ${answer.status}`);
    log.debug({ rows: event.rowCount }, 'posted');
  },
});
