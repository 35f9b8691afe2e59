import type { Statement } from '@millrace/sql';
import { type Answer, noAnswer } from './answer.ts';
import { createMaterializedView } from './create-materialized-view.ts';
import { createPipe } from './create-pipe.ts';
import { createStream } from './create-stream.ts';
import { createView } from './create-view.ts';
import { replayDeadLetters, showDeadLetters } from './dead-letters.ts';
import { describeColumns, showCreate } from './describe.ts';
import { drop } from './drop.ts';
import { dropPipe } from './drop-pipe.ts';
import { explain } from './explain.ts';
import { explainPipe } from './explain-pipe.ts';
import { insert } from './insert.ts';
import { explainLive, killQuery } from './kill-query.ts';
import { showPipeDeadLetters } from './pipe-dead-letters.ts';
import { createPipePlugin, describePipePlugin, dropPipePlugin, showPipePlugins } from './pipe-plugins.ts';
import { select } from './select.ts';
import type { Request, Services } from './services.ts';
import { setSettings } from './settings.ts';
import { show } from './show.ts';
import { showPipes } from './show-pipes.ts';
import { alterPipe, switchPipe } from './switch-pipe.ts';
import { flush, systemView } from './system-view.ts';
import { truncate } from './truncate.ts';

type Executor<K extends Statement['kind']> = (
  statement: Extract<Statement, { kind: K }>,
  services: Services,
  request: Request,
) => Answer | Promise<Answer>;

/** What carries each kind of statement out. */
const executors: { readonly [K in Statement['kind']]: Executor<K> } = {
  select_statement: select,
  create_stream: createStream,
  create_view: createView,
  create_materialized_view: createMaterializedView,
  drop,
  truncate,
  describe: describeColumns,
  show,
  show_create: showCreate,
  show_dead_letters: showDeadLetters,
  replay_dead_letters: replayDeadLetters,
  show_pipe_dead_letters: showPipeDeadLetters,
  create_pipe: createPipe,
  alter_pipe: alterPipe,
  switch_pipe: switchPipe,
  drop_pipe: dropPipe,
  show_pipes: showPipes,
  explain_pipe: explainPipe,
  create_pipe_plugin: createPipePlugin,
  drop_pipe_plugin: dropPipePlugin,
  show_pipe_plugins: showPipePlugins,
  describe_pipe_plugin: describePipePlugin,
  insert,
  kill_query: killQuery,
  explain,
  explain_live: explainLive,
  system_view: systemView,
  flush,
  set: (statement, _services, request) => setSettings(statement, request),
  // There is one database, and whatever name a client gives it.
  use: () => noAnswer,
};

/** Those that are judged by the catalog as it is, whichever server has changed it. */
const ofCatalog: ReadonlySet<Statement['kind']> = new Set<Statement['kind']>([
  'create_stream',
  'create_view',
  'create_materialized_view',
  'drop',
  'truncate',
  'system_view',
  'flush',
  'replay_dead_letters',
  'create_pipe',
  'alter_pipe',
  'switch_pipe',
  'drop_pipe',
  'create_pipe_plugin',
  'drop_pipe_plugin',
]);

/** Carries a statement out as far as it needs no taker: definitions are made, rows stored; a query runs when its answer is taken. */
export async function executeStatement(statement: Statement, services: Services, request: Request): Promise<Answer> {
  const execute = executors[statement.kind] as Executor<Statement['kind']>;
  if (ofCatalog.has(statement.kind)) await services.catalog.catchUp();
  const answer = await execute(statement as never, services, request);
  const named = 'format' in statement ? statement.format : null;
  return named === null ? answer : { ...answer, format: named.name };
}
