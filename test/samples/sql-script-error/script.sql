SELECT 'first';
SELECT 'second';

  SELECT nosuch + 1
  FROM table(sql_script_error_nowhere);
SELECT 'never';
