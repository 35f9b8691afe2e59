import { a, defineConnector, NotConnected, Retryable } from '@millrace/sdk';

/** Posts the rows of each event to a web service, each as a line of JSON. */
export default defineConnector({
  name: 'my-plugin',
  summary: 'Posts rows to a web service, as lines of JSON.',
  attributes: a.object({
    url: a.url().describe('where to post').example('http://127.0.0.1:8080/in'),
    token: a.secret().optional().describe('is sent as a bearer token'),
  }),
  async open({ attributes: { url, token }, signal }) {
    const headers = { 'content-type': 'application/x-ndjson', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    await send(url, { method: 'HEAD', headers, signal });
    return { url, headers };
  },
  async transfer({ url, headers }, event, { signal }) {
    const lines = Array.from({ length: event.rowCount }, (_, row) => `${event.json(row)}\n`);
    const status = await send(url, { method: 'POST', headers, body: lines.join(''), signal });
    if (status === 429 || status >= 500) throw new Retryable(`the service answers ${status}`, { afterMs: 1000 });
    if (status >= 400) throw new Error(`the service answers ${status}`);
  },
});

/** @returns the status of the answer */
async function send(url: URL, request: RequestInit): Promise<number> {
  try {
    const answer = await fetch(url, request);
    await answer.arrayBuffer();
    return answer.status;
  } catch (cause) {
    throw new NotConnected(`no answer from ${url.host}`, { cause });
  }
}
