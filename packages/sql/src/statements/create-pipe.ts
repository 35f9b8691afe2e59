import type { CreatePipe, PipeStage } from '../ast.ts';
import type { Parser } from '../parser.ts';
import { parseIfNotExists } from './if-exists.ts';
import { parsePipeStage, stageOf } from './pipe-attributes.ts';

/** What follows `CREATE PIPE`: `[IF NOT EXISTS] p [WITH EXTRACTOR (…)] [WITH PROCESSOR (…)] WITH CONNECTOR (…)`. */
export function parseCreatePipe(p: Parser, start: number): CreatePipe {
  const ifNotExists = parseIfNotExists(p);
  const name = p.freeName('the name of the pipe');
  if (p.at('TO')) p.notSupported(p.token, 'CREATE PIPE … TO is not supported', 'write what it is to do: CREATE PIPE p WITH CONNECTOR (…)');
  const extractor = parseWith(p, 'extractor');
  const processor = parseWith(p, 'processor');
  const connector = parseWith(p, 'connector');
  if (connector === null) return refuseMissing(p);
  return { kind: 'create_pipe', ifNotExists, name, extractor, processor, connector, start, end: p.end };
}

type Stage = PipeStage['stage'];

/** `WITH` the stage, or null if another one, or none, stands here. */
function parseWith(p: Parser, wanted: Stage): PipeStage | null {
  if (!p.at('WITH') || stageOf(p.peek(1)) !== wanted) {
    p.expecting(`WITH ${wanted.toUpperCase()}`);
    return null;
  }
  p.advance();
  const stage = parsePipeStage(p);
  refuseEarlier(p, wanted);
  return stage;
}

function refuseMissing(p: Parser): never {
  p.hinting('a pipe needs a connector: WITH CONNECTOR (…)');
  return p.unexpected();
}

const order: readonly Stage[] = ['extractor', 'processor', 'connector'];

/** Behind the last stage WITH may begin the next statement: it is a stage in the wrong place if a bracket follows. */
function refuseEarlier(p: Parser, behind: Stage): void {
  const stage = p.at('WITH') && p.peek(2).key === '(' ? stageOf(p.peek(1)) : undefined;
  if (stage === undefined || order.indexOf(stage) > order.indexOf(behind)) return;
  const what = stage === behind ? `a second ${stage.toUpperCase()}` : `${stage.toUpperCase()} behind ${behind.toUpperCase()}`;
  throw p.error(p.peek(1), `unexpected ${what}`, 'the stages stand in the order EXTRACTOR, PROCESSOR, CONNECTOR, each at most once');
}
