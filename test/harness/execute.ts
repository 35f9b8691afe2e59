/** Runs statements on a server; the answer of the last as tab-separated rows. @throws Error with the text of the server's error. */
export async function execute(url: string, sql: string): Promise<string[]> {
  const response = await fetch(`${url}?default_format=TabSeparated`, { method: 'POST', body: sql });
  const text = await response.text();
  if (!response.ok || text.includes('__exception__')) throw new Error(text);
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}
