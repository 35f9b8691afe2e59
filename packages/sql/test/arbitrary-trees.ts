import type {
  ColumnDefinition,
  ColumnReference,
  Emit,
  EmitPolicy,
  Expression,
  Identifier,
  IntervalLiteral,
  NumberLiteral,
  Query,
  Select,
  Setting,
  Source,
  Statement,
  StringLiteral,
  TypeName,
} from '@millrace/sql';
import fc, { type Arbitrary } from 'fast-check';

const at = { start: 0, end: 0 } as const;

const plainNames = ['a', 'b2', '_tp_time', 'device', 'größe', 'timestamp', 'values', 'interval', 'stream', 'end_at', 'If'];
const quotedNames = ['select', 'two words', 'a"b', 'back\\slash', 'tab\t', '1st', 'a.b', 'Ünï', 'from'];

export const identifier: Arbitrary<Identifier> = fc.oneof(
  fc.constantFrom(...plainNames).map((name) => ({ name, quoted: false, ...at })),
  fc.constantFrom(...quotedNames).map((name) => ({ name, quoted: true, ...at })),
);
const typeName: Arbitrary<TypeName> = fc
  .constantFrom('string', 'Float32', "DateTime64(3, 'UTC')", 'array(tuple(a int32, b string))', "enum8('a' = 1, 'b' = -2)")
  .map((text) => ({ text, ...at }));
const numberLiteral: Arbitrary<NumberLiteral> = fc
  .constantFrom('0', '7', '1.5', '.5', '1e3', '1E-3', '0xff', '18446744073709551615')
  .map((text) => ({ kind: 'number', text, ...at }));
const stringLiteral: Arbitrary<StringLiteral> = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom("it's", '\\d+', 'a\nb\t\0', '-- no comment', "''", ';', '\\x41'))
  .map((value) => ({ kind: 'string', value, ...at }));
const unit = fc.constantFrom(
  ...(['nanosecond', 'microsecond', 'millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const),
);
const column: Arbitrary<ColumnReference> = fc
  .array(identifier, { minLength: 1, maxLength: 3 })
  .map((parts) => ({ kind: 'column', parts, ...at }));
const interval: Arbitrary<IntervalLiteral> = fc.record({
  kind: fc.constant('interval' as const),
  amount: numberLiteral,
  unit,
  start: fc.constant(0),
  end: fc.constant(0),
});
const placeholder = node({ kind: fc.constant('placeholder' as const), name: fc.constantFrom('p', 'two words', 'from'), type: typeName });
const star = node({ kind: fc.constant('star' as const), qualifier: fc.option(identifier) });
const literal: Arbitrary<Expression> = fc.oneof(
  fc.constant({ kind: 'null', ...at } as const),
  fc.boolean().map((value) => ({ kind: 'boolean', value, ...at }) as const),
  numberLiteral,
  stringLiteral,
  interval,
  placeholder,
);
const leaf: Arbitrary<Expression> = fc.oneof(literal, column);

function node<Parts extends object>(
  parts: { [Name in keyof Parts]: Arbitrary<Parts[Name]> },
): Arbitrary<Parts & { start: number; end: number }> {
  return fc.record(parts as never).map((record) => ({ ...(record as Parts), ...at }));
}

interface Trees {
  readonly expression: Arbitrary<Expression>;
  readonly query: Arbitrary<Query>;
  readonly source: Arbitrary<Source>;
}

const binaryOperator = fc.constantFrom(...(['+', '-', '*', '/', '%', '||', '=', '!=', '<', '<=', '>', '>=', 'and', 'or'] as const));
/** Before a bracket INTERVAL is the literal. */
const functionName = fc.oneof(
  identifier.filter(({ name }) => name !== 'interval'),
  fc.constantFrom('like', 'In', 'format', 'if').map((name) => ({ name, quoted: false, ...at })),
);
const member = fc.constantFrom('1', '12', 'name', 'from', 'two words');

function settings(): Arbitrary<Setting[]> {
  const value = literal.filter(({ kind }) => kind !== 'interval');
  return fc.array(node({ name: identifier, value }), { maxLength: 2 });
}

const intervalValue: Arbitrary<Expression> = fc.oneof(interval, placeholder);
const policy: Arbitrary<EmitPolicy> = fc.oneof(
  node({ kind: fc.constant('after_watermark' as const) }),
  node({ kind: fc.constant('periodic' as const), interval: intervalValue, repeat: fc.boolean() }),
  node({ kind: fc.constant('on_update' as const), batch: fc.option(intervalValue) }),
  node({ kind: fc.constant('per_event' as const) }),
  node({ kind: fc.constant('changelog' as const) }),
  node({ kind: fc.constant('last' as const), interval: intervalValue, processingTime: fc.boolean() }),
  node({
    kind: fc.constant('after_key_expire' as const),
    identifiedBy: fc.option(column),
    only: fc.boolean(),
    maxSpan: intervalValue,
  }),
);
const emit: Arbitrary<Emit> = node({
  stream: fc.boolean(),
  policy: fc.option(policy),
  delay: fc.option(intervalValue),
  timeout: fc.option(intervalValue),
}).filter((clause) => clause.stream || clause.policy !== null || clause.delay !== null || clause.timeout !== null);

/** Trees of which every part is of the level below, so that their size stays bounded. */
function treesAbove({ expression, query, source }: Trees): Trees {
  const list = (minLength: number) => fc.array(expression, { minLength, maxLength: 2 });
  const optional = fc.option(expression, { freq: 1 });
  const input = source
    .filter(({ kind }) => kind !== 'join')
    .map((inner) => ({ ...inner, alias: null }) as Exclude<Source, { kind: 'join' }>);
  const aliased = fc.tuple(input, fc.option(identifier)).map(([inner, alias]) => ({ ...inner, alias }));
  const select: Arbitrary<Select> = node({
    kind: fc.constant('select' as const),
    distinct: fc.boolean(),
    items: fc.array(node({ expression: fc.oneof(expression, star), alias: fc.option(identifier) }), { minLength: 1, maxLength: 2 }),
    from: fc.option(source),
    where: optional,
    partitionBy: list(0),
    groupBy: list(0),
    having: optional,
    orderBy: fc.array(node({ expression, descending: fc.boolean(), nulls: fc.constantFrom('first' as const, 'last' as const, null) }), {
      maxLength: 2,
    }),
    limitBy: fc.option(node({ limit: expression, keys: list(1) })),
    limit: optional,
    offset: optional,
    emit: fc.option(emit),
    settings: settings(),
  });
  return {
    expression: fc.oneof(
      leaf,
      node({ kind: fc.constant('interval' as const), amount: expression, unit }),
      node({
        kind: fc.constant('call' as const),
        name: functionName,
        parameters: fc.array(expression, { maxLength: 1 }),
        arguments: fc.oneof(
          list(0),
          star.map((only) => [only]),
        ),
        distinct: fc.boolean(),
      }),
      node({ kind: fc.constant('binary' as const), operator: binaryOperator, left: expression, right: expression }),
      node({
        kind: fc.constant('unary' as const),
        operator: fc.constantFrom('-' as const, '+' as const, 'not' as const),
        operand: expression,
      }),
      node({ kind: fc.constant('is_null' as const), operand: expression, negated: fc.boolean() }),
      node({ kind: fc.constant('between' as const), operand: expression, low: expression, high: expression, negated: fc.boolean() }),
      node({ kind: fc.constant('in' as const), operand: expression, list: list(1), subquery: fc.constant(null), negated: fc.boolean() }),
      node({ kind: fc.constant('in' as const), operand: expression, list: fc.constant([]), subquery: query, negated: fc.boolean() }),
      node({
        kind: fc.constant('like' as const),
        operand: expression,
        pattern: expression,
        caseInsensitive: fc.boolean(),
        negated: fc.boolean(),
      }),
      node({
        kind: fc.constant('case' as const),
        operand: optional,
        // biome-ignore lint/suspicious/noThenProperty: the tree names the arms of CASE by their keywords
        branches: fc.array(fc.record({ when: expression, then: expression }), { minLength: 1, maxLength: 2 }),
        otherwise: optional,
      }),
      node({ kind: fc.constant('cast' as const), operand: expression, type: typeName }),
      node({ kind: fc.constant('subscript' as const), operand: expression, index: expression }),
      node({ kind: fc.constant('member' as const), operand: expression, member }),
      node({ kind: fc.constant('json_path' as const), operand: expression, path: fc.array(member, { minLength: 1, maxLength: 3 }) }),
      node({ kind: fc.constant('array' as const), elements: list(0) }),
      node({ kind: fc.constant('tuple' as const), elements: list(1) }),
      node({ kind: fc.constant('lambda' as const), parameters: fc.array(identifier, { minLength: 1, maxLength: 2 }), body: expression }),
      node({ kind: fc.constant('subquery' as const), query }),
    ) as Arbitrary<Expression>,
    source: fc.oneof(
      named,
      node({ kind: fc.constant('subquery' as const), query, alias: fc.option(identifier) }),
      node({ kind: fc.constant('table' as const), input, alias: fc.option(identifier) }),
      node({ kind: fc.constant('function' as const), name: functionSourceName(), input, arguments: list(0), alias: fc.option(identifier) }),
      node({
        kind: fc.constant('function' as const),
        name: fc.constant({ name: 'Session', quoted: false, ...at }),
        input,
        arguments: fc.array(fc.oneof(interval, column), { maxLength: 2 }),
        boundaries: fc.record({
          startCondition: expression,
          endCondition: expression,
          startIncluded: fc.boolean(),
          endIncluded: fc.boolean(),
        }),
        alias: fc.option(identifier),
      }),
      node({
        kind: fc.constant('join' as const),
        type: fc.constantFrom('inner' as const, 'left' as const, 'right' as const, 'full' as const),
        strictness: fc.constantFrom('all' as const, 'asof' as const, 'latest' as const, null),
        left: source,
        right: aliased,
        condition: fc.oneof(
          expression.map((on) => ({ on, using: [] })),
          fc.array(identifier, { minLength: 1, maxLength: 2 }).map((using) => ({ on: null, using })),
        ),
      }).map(({ condition, ...join }) => ({ ...join, ...condition })),
    ) as Arbitrary<Source>,
    query: node({
      kind: fc.constant('query' as const),
      with: fc.array(node({ name: identifier, query }), { maxLength: 1 }),
      selects: fc.array(select, { minLength: 1, maxLength: 2 }),
    }),
  };
}

const named: Arbitrary<Source> = fc
  .tuple(identifier, fc.option(identifier))
  .map(([name, alias]) => ({ kind: 'named', name, alias, ...at }));
const smallestSelect: Omit<Select, 'items'> = {
  ...at,
  kind: 'select',
  distinct: false,
  from: null,
  where: null,
  partitionBy: [],
  groupBy: [],
  having: null,
  orderBy: [],
  limitBy: null,
  limit: null,
  offset: null,
  emit: null,
  settings: [],
};
const smallestQuery: Arbitrary<Query> = leaf.map((expression) => {
  const select: Select = { ...smallestSelect, items: [{ expression, alias: null, ...at }] };
  return { kind: 'query', with: [], selects: [select], ...at };
});
const bottom: Trees = { expression: leaf, query: smallestQuery, source: named };
const middle = treesAbove(bottom);
/** Deep in expressions, with queries that are only a level deep: so both stay small. */
const upper = treesAbove({ ...middle, query: smallestQuery, source: named });
export const { expression } = treesAbove({ ...upper, query: middle.query, source: middle.source });
export const { query } = treesAbove(middle);

function functionSourceName(): Arbitrary<Identifier> {
  return fc.constantFrom('tumble', 'HOP', 'dedup').map((name) => ({ name, quoted: false, ...at }));
}

const format = fc.option(identifier);
const columnDefinition: Arbitrary<ColumnDefinition> = node({
  name: identifier,
  type: typeName,
  default: fc.option(expression),
  comment: fc.option(fc.string({ maxLength: 5 })),
});

const runnable: Arbitrary<Statement> = fc.oneof(
  node({ kind: fc.constant('select_statement' as const), query, format: fc.constant(null) }),
  node({
    kind: fc.constant('create_stream' as const),
    ifNotExists: fc.boolean(),
    name: identifier,
    columns: fc.array(columnDefinition, { minLength: 1, maxLength: 3 }),
    primaryKey: fc.array(expression, { maxLength: 2 }),
    settings: settings(),
    comment: fc.option(fc.string({ maxLength: 5 })),
  }),
  node({ kind: fc.constant('create_view' as const), ifNotExists: fc.boolean(), orReplace: fc.boolean(), name: identifier, query }),
  node({
    kind: fc.constant('create_materialized_view' as const),
    ifNotExists: fc.boolean(),
    orReplace: fc.boolean(),
    name: identifier,
    into: fc.option(identifier),
    query,
  }),
  node({
    kind: fc.constant('insert' as const),
    into: identifier,
    columns: fc.array(identifier, { maxLength: 2 }),
    settings: settings(),
    rows: fc.oneof(
      fc.array(fc.array(expression, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }).map(withoutQuotedNames),
      query.map((inner) => ({ kind: 'query' as const, query: inner })),
      fc.constantFrom('', '{"a": 1}\n{"a": "; --"}', "it's,2\n").map((data) => ({ kind: 'format' as const, format: formatName, data })),
    ),
  }),
);
const formatName = { name: 'JSONEachRow', quoted: false, ...at };

/** A quoted name alone in VALUES is refused: it can only be meant as a string. */
function withoutQuotedNames(tuples: Expression[][]) {
  const nothing = { kind: 'null', ...at } as const;
  const kept = tuples.map((tuple) => tuple.map((value) => (value.kind === 'column' && value.parts[0]!.quoted ? nothing : value)));
  return { kind: 'values' as const, tuples: kept };
}

/** Texts of attributes: each key once. */
const attributes = fc
  .uniqueArray(fc.tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 })), { maxLength: 3, selector: ([key]) => key })
  .map((pairs) => pairs.map(([key, value]) => ({ key, value, ...at })));
const stageOf = <Stage extends 'extractor' | 'processor' | 'connector'>(stage: Stage) => node({ stage: fc.constant(stage), attributes });
const like = fc.option(fc.record({ pattern: fc.string({ maxLength: 5 }), negated: fc.boolean(), caseInsensitive: fc.boolean() }));
/** Every word is a name of a pipe. */
const freeName = fc.oneof(
  identifier,
  fc.constantFrom('with', 'NULL', 'select', '中文', 'Pipe_1').map((name) => ({ name, quoted: false, ...at })),
);
const pipeStatement: Arbitrary<Statement> = fc.oneof(
  node({
    kind: fc.constant('create_pipe' as const),
    ifNotExists: fc.boolean(),
    name: freeName,
    extractor: fc.option(stageOf('extractor')),
    processor: fc.option(stageOf('processor')),
    connector: stageOf('connector'),
  }),
  node({
    kind: fc.constant('alter_pipe' as const),
    name: freeName,
    mode: fc.constantFrom('modify' as const, 'replace' as const),
    stage: fc.oneof(stageOf('extractor'), stageOf('processor'), stageOf('connector')),
  }),
  node({ kind: fc.constant('switch_pipe' as const), action: fc.constantFrom('start' as const, 'stop' as const), name: freeName }),
  node({ kind: fc.constant('drop_pipe' as const), ifExists: fc.boolean(), name: freeName }),
  node({
    kind: fc.constant('show_pipes' as const),
    name: fc.constant(null),
    usedBy: fc.option(freeName),
    like,
    format: fc.option(identifier),
  }),
  node({
    kind: fc.constant('show_pipes' as const),
    name: freeName,
    usedBy: fc.constant(null),
    like: fc.constant(null),
    format: fc.option(identifier),
  }),
  node({ kind: fc.constant('explain_pipe' as const), name: freeName, format: fc.option(identifier) }),
  node({ kind: fc.constant('show_pipe_dead_letters' as const), name: identifier, format: fc.option(identifier) }),
  node({
    kind: fc.constant('create_pipe_plugin' as const),
    ifNotExists: fc.boolean(),
    orReplace: fc.boolean(),
    name: freeName,
    exportName: fc.string({ maxLength: 5 }),
    uri: fc.string({ maxLength: 5 }),
  }),
  node({ kind: fc.constant('drop_pipe_plugin' as const), ifExists: fc.boolean(), name: freeName }),
  node({ kind: fc.constant('show_pipe_plugins' as const), like, format: fc.option(identifier) }),
  node({ kind: fc.constant('describe_pipe_plugin' as const), name: identifier, format: fc.option(identifier) }),
);

const explained = runnable.filter((inner) => inner.kind !== 'insert' || inner.rows.kind !== 'format');
const name = identifier;
export const statement: Arbitrary<Statement> = fc.oneof(
  runnable,
  pipeStatement,
  node({ kind: fc.constant('select_statement' as const), query, format }),
  node({ kind: fc.constant('drop' as const), object: fc.constantFrom('stream' as const, 'view' as const), ifExists: fc.boolean(), name }),
  node({ kind: fc.constant('truncate' as const), ifExists: fc.boolean(), name }),
  node({ kind: fc.constant('describe' as const), name, format }),
  node({
    kind: fc.constant('show' as const),
    what: fc.constantFrom(...(['streams', 'views', 'materialized_views', 'queries', 'functions', 'settings', 'formats'] as const)),
    like,
    format,
  }),
  node({ kind: fc.constant('show_create' as const), object: fc.constantFrom('stream' as const, 'view' as const, null), name, format }),
  node({
    kind: fc.constant('show_dead_letters' as const),
    view: fc.option(name),
    like,
    format,
  }),
  node({ kind: fc.constant('replay_dead_letters' as const), view: name, where: fc.option(expression), format }),
  node({ kind: fc.constant('kill_query' as const), queryId: fc.string({ maxLength: 5 }), format }),
  node({
    kind: fc.constant('explain' as const),
    mode: fc.constantFrom('plan' as const, 'syntax' as const, 'pipeline' as const, 'upgrade' as const),
    statement: explained,
    format,
  }),
  node({ kind: fc.constant('explain_live' as const), queryId: fc.string({ maxLength: 5 }), format }),
  node({ kind: fc.constant('system_view' as const), action: fc.constantFrom('pause' as const, 'unpause' as const), name }),
  node({ kind: fc.constant('flush' as const), name: fc.option(name) }),
  node({ kind: fc.constant('set' as const), settings: settings().filter((list) => list.length > 0) }),
  node({ kind: fc.constant('use' as const), database: identifier }),
);
