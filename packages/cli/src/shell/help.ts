import type { ApiClient } from '../api/client.ts';
import { quoteText } from '../output/sql-text.ts';

/** What `help` prints. */
export const helpText = `Statements end with ; and may span lines. Tab completes, arrow-up recalls, Ctrl-C cancels the query, Ctrl-D leaves.

  SHOW STREAMS;                                     what there is
  CREATE STREAM s (id int32, name string);          a topic with a schema
  INSERT INTO s (id, name) VALUES (1, 'a');         write rows
  SELECT * FROM s;                                  rows as they come, until Ctrl-C
  SELECT count() FROM table(s);                     what is stored, and done
  SELECT window_start, count() FROM tumble(s, 5s) GROUP BY window_start;
  SHOW FUNCTIONS LIKE 'to_%';                       functions, with help and examples
  SHOW QUERIES;  EXPLAIN SELECT …;                  what runs, and how

  help NAME        what a function does
  \\format NAME     format of answers (PrettyCompact, Vertical, JSONEachRow, …)
  \\q               leave`;

/** What is known of a function, or that there is none. @throws as {@link ApiClient.rows} */
export async function functionHelp(client: ApiClient, name: string): Promise<string> {
  const rows = await client.rows(`SHOW FUNCTIONS ILIKE ${quoteText(name.replace(/[%_\\]/g, '\\$&'))}`);
  if (rows.length === 0) return `no function has the name ${name}: SHOW FUNCTIONS lists them`;
  return rows
    .map((row) => {
      const examples = String(row['examples'] ?? '')
        .split('; ')
        .filter((example) => example !== '');
      return [`${row['name']}${row['signature']}`, `  ${row['help']}`, ...examples.map((example) => `    ${example}`)].join('\n');
    })
    .join('\n');
}
