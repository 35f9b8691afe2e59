/**
 * The syntax tree: plain, frozen data that says what was written, not what it means. No names are resolved here.
 *
 * Every node carries `start` and `end`, offsets in UTF-16 units into the text it was parsed from (`end` is exclusive).
 * Node kinds form closed unions (`Expression`, `Statement`, `Source`, `EmitPolicy`); who handles them switches
 * exhaustively, so that a new kind does not compile until every visitor knows it.
 */
export interface Node {
  readonly start: number;
  readonly end: number;
}

// ---------------------------------------------------------------- expressions

/** A name in the text; `quoted` if it stood in "…" or `…`. */
export interface Identifier extends Node {
  readonly name: string;
  readonly quoted: boolean;
}

export type IntervalUnit =
  | 'nanosecond'
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year';

export interface NullLiteral extends Node {
  readonly kind: 'null';
}
export interface BooleanLiteral extends Node {
  readonly kind: 'boolean';
  readonly value: boolean;
}
/** `text` as written (`1e3`, `0xff`, `18446744073709551615`), so that no precision is lost before the type is known. */
export interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly text: string;
}
/** The value with its escapes resolved. */
export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}
/** `INTERVAL 5 SECOND`, `INTERVAL '5' SECOND`, `5s`: the amount is any expression only in the first form. */
export interface IntervalLiteral extends Node {
  readonly kind: 'interval';
  readonly amount: Expression;
  readonly unit: IntervalUnit;
}
/** `a`, `s.a`, `s.nested.a`: which part is a stream and which a column is for the planner to say. */
export interface ColumnReference extends Node {
  readonly kind: 'column';
  readonly parts: readonly Identifier[];
}
/** `*` or `s.*`, in a select list or as the argument of `count(*)`. */
export interface Star extends Node {
  readonly kind: 'star';
  readonly qualifier: Identifier | null;
}
/** `f(a, b)`, `f(DISTINCT a)`, `quantile(0.9)(x)` (then `parameters` holds 0.9). */
export interface Call extends Node {
  readonly kind: 'call';
  readonly name: Identifier;
  readonly parameters: readonly Expression[];
  readonly arguments: readonly Expression[];
  readonly distinct: boolean;
}
export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '||' | '=' | '!=' | '<' | '<=' | '>' | '>=' | 'and' | 'or';
export interface Binary extends Node {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
export interface Unary extends Node {
  readonly kind: 'unary';
  readonly operator: '-' | '+' | 'not';
  readonly operand: Expression;
}
export interface IsNull extends Node {
  readonly kind: 'is_null';
  readonly operand: Expression;
  readonly negated: boolean;
}
export interface Between extends Node {
  readonly kind: 'between';
  readonly operand: Expression;
  readonly low: Expression;
  readonly high: Expression;
  readonly negated: boolean;
}
/** `x IN (1, 2)`, `x IN [1, 2]` (one array-valued element in `list`), `x IN (SELECT …)` (then `subquery`, and `list` is empty). */
export interface In extends Node {
  readonly kind: 'in';
  readonly operand: Expression;
  readonly list: readonly Expression[];
  readonly subquery: Query | null;
  readonly negated: boolean;
}
export interface Like extends Node {
  readonly kind: 'like';
  readonly operand: Expression;
  readonly pattern: Expression;
  readonly caseInsensitive: boolean;
  readonly negated: boolean;
}
/** `CASE [operand] WHEN … THEN … [ELSE …] END`. */
export interface Case extends Node {
  readonly kind: 'case';
  readonly operand: Expression | null;
  readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
  readonly otherwise: Expression | null;
}
/** `CAST(x AS t)`, `cast(x, 't')`, `x::t`. */
export interface Cast extends Node {
  readonly kind: 'cast';
  readonly operand: Expression;
  readonly type: TypeName;
}
/** `a[i]`. */
export interface Subscript extends Node {
  readonly kind: 'subscript';
  readonly operand: Expression;
  readonly index: Expression;
}
/** `t.1`, or `.name` behind something that is not a plain reference. */
export interface Member extends Node {
  readonly kind: 'member';
  readonly operand: Expression;
  readonly member: string;
}
/** `raw:a.b.c`, with `[n]` steps as decimal strings. */
export interface JsonPath extends Node {
  readonly kind: 'json_path';
  readonly operand: Expression;
  readonly path: readonly string[];
}
export interface ArrayLiteral extends Node {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
}
export interface TupleLiteral extends Node {
  readonly kind: 'tuple';
  readonly elements: readonly Expression[];
}
/** `x -> e`, `(x, y) -> e`. */
export interface Lambda extends Node {
  readonly kind: 'lambda';
  readonly parameters: readonly Identifier[];
  readonly body: Expression;
}
export interface ScalarSubquery extends Node {
  readonly kind: 'subquery';
  readonly query: Query;
}
/** `{name:type}`, filled from the request's parameters before planning. */
export interface Placeholder extends Node {
  readonly kind: 'placeholder';
  readonly name: string;
  readonly type: TypeName;
}

export type Expression =
  | NullLiteral
  | BooleanLiteral
  | NumberLiteral
  | StringLiteral
  | IntervalLiteral
  | ColumnReference
  | Star
  | Call
  | Binary
  | Unary
  | IsNull
  | Between
  | In
  | Like
  | Case
  | Cast
  | Subscript
  | Member
  | JsonPath
  | ArrayLiteral
  | TupleLiteral
  | Lambda
  | ScalarSubquery
  | Placeholder;

/** The text of a data type, as written (`DateTime64(3, 'UTC')`); `packages/data` knows its grammar. */
export interface TypeName extends Node {
  readonly text: string;
}

// ---------------------------------------------------------------- queries

export interface SelectItem extends Node {
  readonly expression: Expression;
  readonly alias: Identifier | null;
}

/** A stream or view by name. */
export interface NamedSource extends Node {
  readonly kind: 'named';
  readonly name: Identifier;
  readonly alias: Identifier | null;
}
/** `(SELECT …) [AS a]`. */
export interface SubquerySource extends Node {
  readonly kind: 'subquery';
  readonly query: Query;
  readonly alias: Identifier | null;
}
/** `table(s)`: what the log holds when the query starts. */
export interface TableSource extends Node {
  readonly kind: 'table';
  readonly input: Source;
  readonly alias: Identifier | null;
}
/**
 * `tumble(s, [ts], size, [tz])`, `hop(s, [ts], slide, [size], [tz])`, and later `session`, `dedup`, `changelog`:
 * a table function over a source. `arguments` are those after the source, as written; the planner knows their meaning.
 */
export interface FunctionSource extends Node {
  readonly kind: 'function';
  readonly name: Identifier;
  readonly input: Source;
  readonly arguments: readonly Expression[];
  /** The last argument of a `session` with its conditions in brackets; absent if there is none. */
  readonly boundaries?: SessionBoundaries;
  readonly alias: Identifier | null;
}
/** `[start, end]`, `(start, end)`, `[start, end)`, `(start, end]`: a square bracket takes the boundary row into the session. */
export interface SessionBoundaries {
  readonly startCondition: Expression;
  readonly endCondition: Expression;
  readonly startIncluded: boolean;
  readonly endIncluded: boolean;
}
/** `a JOIN b ON …`: parsed whole, so that the planner can say what is supported. */
export interface JoinSource extends Node {
  readonly kind: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'cross';
  readonly strictness: 'all' | 'asof' | 'latest' | null;
  readonly left: Source;
  readonly right: Source;
  readonly on: Expression | null;
  readonly using: readonly Identifier[];
}
export type Source = NamedSource | SubquerySource | TableSource | FunctionSource | JoinSource;

export interface OrderItem extends Node {
  readonly expression: Expression;
  readonly descending: boolean;
  readonly nulls: 'first' | 'last' | null;
}
export interface LimitBy extends Node {
  readonly limit: Expression;
  readonly keys: readonly Expression[];
}
export interface CommonTable extends Node {
  readonly name: Identifier;
  readonly query: Query;
}
export interface Setting extends Node {
  readonly name: Identifier;
  readonly value: Expression;
}

/**
 * EMIT. The clause is a set of parts, as written in any order that the dialect allows; the planner checks what goes together.
 * `stream` is the old spelling `EMIT STREAM`. `policy` is null when none is named (then the default of the query's form holds).
 */
export interface Emit extends Node {
  readonly stream: boolean;
  readonly policy: EmitPolicy | null;
  /** `WITH DELAY i`, `AND DELAY i`, `DELAY i`. */
  readonly delay: Expression | null;
  /** `AND TIMEOUT i`. */
  readonly timeout: Expression | null;
}
export type EmitPolicy =
  | (Node & { readonly kind: 'after_watermark' })
  | (Node & { readonly kind: 'periodic'; readonly interval: Expression; readonly repeat: boolean })
  | (Node & { readonly kind: 'on_update'; readonly batch: Expression | null })
  | (Node & { readonly kind: 'per_event' })
  | (Node & { readonly kind: 'changelog' })
  | (Node & { readonly kind: 'last'; readonly interval: Expression; readonly processingTime: boolean })
  | (Node & {
      readonly kind: 'after_key_expire';
      readonly identifiedBy: Expression | null;
      readonly only: boolean;
      readonly maxSpan: Expression;
    });

export interface Select extends Node {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  readonly from: Source | null;
  readonly where: Expression | null;
  readonly partitionBy: readonly Expression[];
  readonly groupBy: readonly Expression[];
  readonly having: Expression | null;
  readonly orderBy: readonly OrderItem[];
  readonly limitBy: LimitBy | null;
  readonly limit: Expression | null;
  readonly offset: Expression | null;
  readonly emit: Emit | null;
  readonly settings: readonly Setting[];
}

/** A whole query: CTEs, then one SELECT or several joined by UNION ALL (each with its own clauses). */
export interface Query extends Node {
  readonly kind: 'query';
  readonly with: readonly CommonTable[];
  readonly selects: readonly Select[];
}

// ---------------------------------------------------------------- statements

export interface ColumnDefinition extends Node {
  readonly name: Identifier;
  readonly type: TypeName;
  readonly default: Expression | null;
  readonly comment: string | null;
}

export interface SelectStatement extends Node {
  readonly kind: 'select_statement';
  readonly query: Query;
  readonly format: Identifier | null;
}
/** CREATE STREAM and the older CREATE TABLE. */
export interface CreateStream extends Node {
  readonly kind: 'create_stream';
  readonly ifNotExists: boolean;
  readonly name: Identifier;
  readonly columns: readonly ColumnDefinition[];
  readonly primaryKey: readonly Expression[];
  readonly settings: readonly Setting[];
  readonly comment: string | null;
}
export interface CreateView extends Node {
  readonly kind: 'create_view';
  readonly ifNotExists: boolean;
  readonly orReplace: boolean;
  readonly name: Identifier;
  readonly query: Query;
}
export interface CreateMaterializedView extends Node {
  readonly kind: 'create_materialized_view';
  readonly ifNotExists: boolean;
  readonly orReplace: boolean;
  readonly name: Identifier;
  readonly into: Identifier | null;
  readonly query: Query;
}
export interface Drop extends Node {
  readonly kind: 'drop';
  readonly object: 'stream' | 'view';
  readonly ifExists: boolean;
  readonly name: Identifier;
}
export interface Truncate extends Node {
  readonly kind: 'truncate';
  readonly ifExists: boolean;
  readonly name: Identifier;
}
export interface Describe extends Node {
  readonly kind: 'describe';
  readonly name: Identifier;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** SHOW STREAMS | TABLES, VIEWS, MATERIALIZED VIEWS, QUERIES, FUNCTIONS, SETTINGS, FORMATS, optionally with [NOT] [I]LIKE. */
export interface Show extends Node {
  readonly kind: 'show';
  readonly what: 'streams' | 'views' | 'materialized_views' | 'queries' | 'functions' | 'settings' | 'formats';
  readonly like: { readonly pattern: string; readonly negated: boolean; readonly caseInsensitive: boolean } | null;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
export interface ShowCreate extends Node {
  readonly kind: 'show_create';
  readonly object: 'stream' | 'view' | null;
  readonly name: Identifier;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** SHOW DEAD LETTERS [FOR v] [LIKE …]: the records that views could not process. */
export interface ShowDeadLetters extends Node {
  readonly kind: 'show_dead_letters';
  /** null = of all views. */
  readonly view: Identifier | null;
  /** Of the name of the view. */
  readonly like: Show['like'];
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** REPLAY DEAD LETTERS FOR v [WHERE …]: the view processes them once more. */
export interface ReplayDeadLetters extends Node {
  readonly kind: 'replay_dead_letters';
  readonly view: Identifier;
  /** Over the columns of SHOW DEAD LETTERS. */
  readonly where: Expression | null;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** SHOW DEAD LETTERS FOR PIPE p: the records that a pipe has passed over. */
export interface ShowPipeDeadLetters extends Node {
  readonly kind: 'show_pipe_dead_letters';
  readonly name: Identifier;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** `'key' = 'value'` of a stage of a pipe. */
export interface PipeAttribute extends Node {
  readonly key: string;
  readonly value: string;
}
/** A stage of a pipe as it is written: its attributes in their order, no key twice. SOURCE is an extractor, SINK a connector. */
export interface PipeStage extends Node {
  readonly stage: 'extractor' | 'processor' | 'connector';
  readonly attributes: readonly PipeAttribute[];
}
export interface CreatePipe extends Node {
  readonly kind: 'create_pipe';
  readonly ifNotExists: boolean;
  readonly name: Identifier;
  readonly extractor: PipeStage | null;
  readonly processor: PipeStage | null;
  readonly connector: PipeStage;
}
/** ALTER PIPE p MODIFY | REPLACE of one stage. */
export interface AlterPipe extends Node {
  readonly kind: 'alter_pipe';
  readonly name: Identifier;
  /** `modify`: what is not named stays; `replace`: it goes. */
  readonly mode: 'modify' | 'replace';
  readonly stage: PipeStage;
}
/** START PIPE and STOP PIPE. */
export interface SwitchPipe extends Node {
  readonly kind: 'switch_pipe';
  readonly action: 'start' | 'stop';
  readonly name: Identifier;
}
export interface DropPipe extends Node {
  readonly kind: 'drop_pipe';
  readonly ifExists: boolean;
  readonly name: Identifier;
}
/** SHOW PIPES, SHOW PIPE p, SHOW PIPES WHERE CONNECTOR USED BY p. */
export interface ShowPipes extends Node {
  readonly kind: 'show_pipes';
  /** The one that is asked for; null = all. */
  readonly name: Identifier | null;
  /** Those that share a connector with this one, itself included; null = all. */
  readonly usedBy: Identifier | null;
  /** Of the name of the pipe. */
  readonly like: Show['like'];
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
export interface ExplainPipe extends Node {
  readonly kind: 'explain_pipe';
  readonly name: Identifier;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** CREATE PIPEPLUGIN a AS 'export' USING URI '…'. */
export interface CreatePipePlugin extends Node {
  readonly kind: 'create_pipe_plugin';
  readonly ifNotExists: boolean;
  readonly orReplace: boolean;
  readonly name: Identifier;
  /** Of what the package exports. */
  readonly exportName: string;
  readonly uri: string;
}
export interface DropPipePlugin extends Node {
  readonly kind: 'drop_pipe_plugin';
  readonly ifExists: boolean;
  readonly name: Identifier;
}
export interface ShowPipePlugins extends Node {
  readonly kind: 'show_pipe_plugins';
  readonly like: Show['like'];
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** DESCRIBE PIPEPLUGIN a: its attributes. */
export interface DescribePipePlugin extends Node {
  readonly kind: 'describe_pipe_plugin';
  readonly name: Identifier;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** `INSERT INTO s [(c, …)]` and where the rows come from. */
export interface Insert extends Node {
  readonly kind: 'insert';
  readonly into: Identifier;
  readonly columns: readonly Identifier[];
  readonly settings: readonly Setting[];
  readonly rows: /** No tuples: the rows come beside the statement. */
    | { readonly kind: 'values'; readonly tuples: readonly (readonly Expression[])[] }
    | { readonly kind: 'query'; readonly query: Query }
    /** Data behind the format name, as it stands in the text (may be empty: then it comes beside the statement). */
    | { readonly kind: 'format'; readonly format: Identifier; readonly data: string };
}
/** KILL QUERY WHERE query_id = '…' */
export interface KillQuery extends Node {
  readonly kind: 'kill_query';
  readonly queryId: string;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
export interface Explain extends Node {
  readonly kind: 'explain';
  /** `upgrade`: what becomes of a view's state when CREATE OR REPLACE puts another in its place. */
  readonly mode: 'plan' | 'syntax' | 'pipeline' | 'upgrade';
  readonly statement: Statement;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
export interface ExplainLive extends Node {
  readonly kind: 'explain_live';
  readonly queryId: string;
  /** `FORMAT f` behind the statement. */
  readonly format: Identifier | null;
}
/** SYSTEM PAUSE, and SYSTEM UNPAUSE or RESUME, of a materialized view. */
export interface SystemView extends Node {
  readonly kind: 'system_view';
  readonly action: 'pause' | 'unpause';
  readonly name: Identifier;
}
/** FLUSH [MATERIALIZED VIEW v]: waits for views to have processed what their sources hold. */
export interface Flush extends Node {
  readonly kind: 'flush';
  /** null = all. */
  readonly name: Identifier | null;
}
/** USE db, SET k = v: what clients send at the start of a session. */
export interface SetStatement extends Node {
  readonly kind: 'set';
  readonly settings: readonly Setting[];
}
export interface Use extends Node {
  readonly kind: 'use';
  readonly database: Identifier;
}

export type Statement =
  | SelectStatement
  | CreateStream
  | CreateView
  | CreateMaterializedView
  | Drop
  | Truncate
  | Describe
  | Show
  | ShowCreate
  | ShowDeadLetters
  | ReplayDeadLetters
  | ShowPipeDeadLetters
  | CreatePipe
  | AlterPipe
  | SwitchPipe
  | DropPipe
  | ShowPipes
  | ExplainPipe
  | CreatePipePlugin
  | DropPipePlugin
  | ShowPipePlugins
  | DescribePipePlugin
  | Insert
  | KillQuery
  | Explain
  | ExplainLive
  | SystemView
  | Flush
  | SetStatement
  | Use;
