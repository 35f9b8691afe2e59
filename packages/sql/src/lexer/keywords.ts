/** Every word that the grammar knows as a keyword, in upper case and sorted: for highlighting and completion. */
export const keywords: readonly string[] = (
  'AFTER ALL ALTER AND AS ASC ASOF BATCH BETWEEN BY CASE CAST CHANGELOG CLOSE COMMENT CREATE CROSS DEAD DEFAULT DELAY DESC DESCRIBE ' +
  'DISTINCT DROP ELSE EMIT END EVENT EXISTS EXPIRE EXPLAIN FALSE FIRST FLUSH FOR FORMAT FORMATS FROM FULL FUNCTIONS GROUP HAVING IDENTIFIED IF ' +
  'ILIKE IN INNER INSERT INTERVAL INTO IS JOIN KEY KILL LAST LATEST LEFT LETTERS LIKE LIMIT LIVE MATERIALIZED MAXSPAN NOT NULL NULLS OFFSET ON ' +
  'ONLY OR ORDER OUTER PARTITION PAUSE PER PERIODIC PIPELINE PLAN PRIMARY PROCTIME QUERIES QUERY REPEAT REPLACE REPLAY RESUME RIGHT SELECT SET SETTINGS ' +
  'SHOW STREAM STREAMS SYNTAX SYSTEM TABLE TABLES THEN TIMEOUT TRUE TRUNCATE UNION UNPAUSE UPDATE USE USING VALUES VIEW VIEWS WATERMARK WHEN WHERE ' +
  'WINDOW WITH'
).split(' ');

/**
 * Words that are never an unquoted name, so that a clause without its expression (`SELECT FROM s`, `WHERE GROUP BY x`)
 * is an error where it stands. A column of such a name is written in quotes. `null`, `true` and `false` are literals.
 */
export const reservedWords: ReadonlySet<string> = new Set(
  (
    'AND AS BETWEEN CASE DISTINCT ELSE EMIT END FALSE FROM GROUP HAVING ILIKE IN IS JOIN LIKE LIMIT NOT NULL OR ORDER SELECT SETTINGS ' +
    'THEN TRUE UNION WHEN WHERE'
  ).split(' '),
);

/** Words that begin a statement: behind a complete statement they begin the next one, `;` or not. */
export const statementWords: readonly string[] =
  'ALTER CREATE DESC DESCRIBE DROP EXPLAIN FLUSH GRANT INSERT KILL RENAME REPLAY REVOKE SELECT SET SHOW SYSTEM TRUNCATE USE WITH'.split(
    ' ',
  );
