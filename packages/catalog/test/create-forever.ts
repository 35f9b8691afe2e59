import { openCatalog } from '@millrace/catalog';
import { systemClock } from '@millrace/core';

/** A process of its own that creates streams and reports each when it is acknowledged, until it is killed. */
const catalog = await openCatalog({ path: process.argv[2]!, clock: systemClock });
for (let i = 0; ; i++) {
  const name = `stream_${i}`;
  await catalog.createStream({
    name,
    columns: [{ name: 'x', type: { kind: 'int32' }, default: null, comment: null }],
    primaryKey: [],
    settings: {},
    eventTimeColumn: null,
    topic: name,
    createdTopic: true,
    topicId: null,
    partitions: 1,
    dataFormat: 'JSONEachRow',
    comment: null,
    createdAtMs: 0,
  });
  process.send!(name);
}
