import type { StreamDefinition } from '@millrace/catalog';
import { systemClock, systemRandom } from '@millrace/core';
import { parseDataType } from '@millrace/data';
import type { PlanContext } from '@millrace/planner';
import { devicesColumns } from './devices.ts';
import { terms } from './task.ts';

/** The benchmarks' queries, from the stream `devices`. */
export const queries = {
  w1: 'SELECT device, cpu_usage, timestamp FROM devices WHERE cpu_usage >= 90',
  w2: `SELECT window_start, device, count() AS n, avg(cpu_usage) AS average, max(cpu_usage) AS max
    FROM tumble(devices, 10s) GROUP BY window_start, device EMIT AFTER WATERMARK WITH DELAY 2s`,
  /** Hands every record on. */
  all: 'SELECT seq, timestamp FROM devices',
  /** Keeps a state for every record, and gives a row for each that changes. */
  keys: 'SELECT seq, count() AS n, max(cpu_usage) AS max FROM devices GROUP BY seq EMIT ON UPDATE',
};

/** A stream over a topic of JSON. @param columns with their types, separated by commas */
export function streamOn(name: string, topic: string, columns: string, eventTimeColumn: string | null): StreamDefinition {
  return {
    name,
    columns: columns.split(', ').map((column) => {
      const [columnName, ...type] = column.split(' ');
      return { name: columnName!, type: parseDataType(type.join(' ')), default: null, comment: null };
    }),
    primaryKey: [],
    settings: {},
    eventTimeColumn,
    topic,
    createdTopic: false,
    topicId: null,
    partitions: terms.partitions,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 0,
  };
}

/** What a query over `devices` in this topic is planned with; it begins at the topic's beginning. */
export function planContext(topic: string, source: string): PlanContext {
  const stream = streamOn('devices', topic, devicesColumns, 'timestamp');
  return {
    catalog: { stream: (name) => (name === 'devices' ? stream : undefined), view: () => undefined, names: () => ['devices'] },
    clock: systemClock,
    random: systemRandom,
    timezone: 'UTC',
    settings: { seek_to: 'earliest' },
    source,
  };
}
