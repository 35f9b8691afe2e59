interface Deviation {
  /** The question, without its version. */
  readonly of: string;
  readonly why: string;
  /** What stands in the answer, by the name of the field. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Where the embedded broker is meant to answer otherwise than Apache Kafka. */
const deviations: readonly Deviation[] = [
  {
    of: 'CreateTopics: only asked',
    why: 'Kafka tells an id, though there is no topic; we tell none',
    fields: { topicId: '00000000-0000-0000-0000-000000000000' },
  },
];

/** What the embedded broker is to answer where Apache Kafka answers `theirs`. */
export function ownAnswer(what: string, theirs: unknown): unknown {
  const deviation = deviations.find(({ of }) => what.startsWith(`${of}, version `));
  return deviation === undefined ? theirs : withFields(theirs, deviation.fields);
}

function withFields(value: unknown, fields: Deviation['fields']): unknown {
  if (Array.isArray(value)) return value.map((item) => withFields(item, fields));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, key in fields ? fields[key] : withFields(field, fields)]));
}
