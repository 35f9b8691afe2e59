-- Makes a stream, fills it, reads it.
DROP STREAM IF EXISTS sql_script;
CREATE STREAM sql_script (car string, speed float32);
INSERT INTO sql_script (car, speed) VALUES ('a', 30), ('b', 50.5);
SELECT car, speed FROM table(sql_script) ORDER BY car;
SELECT count() AS cars, max(speed) FROM table(sql_script);
