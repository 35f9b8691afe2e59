import type { Expression, Query, Statement } from './ast.ts';
import { parseInList } from './expression/in-list.ts';
import { JsepEngine, type JsepNode, type OperandReader } from './expression/jsep-engine.ts';
import { parseLambda } from './expression/lambda.ts';
import { lowerExpression } from './expression/lower.ts';
import { type Operand, readOperand } from './expression/operand.ts';
import { maskOperators } from './expression/operator-mask.ts';
import { emptyMark, listMark } from './expression/operators.ts';
import { Parser } from './parser.ts';
import { parseQueryText } from './query/query.ts';
import { parseStatementText } from './statements/statement.ts';

/** The parser of one text: the rules of the grammar tied together, and the expression engine. */
export class SqlParser extends Parser implements OperandReader<Operand> {
  #maskedText: string | undefined;
  #engine: JsepEngine<Operand> | undefined;

  expression(): Expression {
    this.nest();
    let expression: Expression | null = parseLambda(this);
    if (expression === null) {
      const engine = this.#openEngine();
      engine.index = this.start;
      const node = engine.gobbleBinaryExpression() as JsepNode<Operand>;
      this.skipTo(engine.index);
      expression = lowerExpression(this, node);
    }
    this.nesting--;
    return expression;
  }

  operand(): Expression {
    const engine = this.#openEngine();
    engine.index = this.start;
    return lowerExpression(this, engine.gobbleToken() as JsepNode<Operand>);
  }

  query(): Query {
    this.nest();
    const query = parseQueryText(this);
    this.nesting--;
    return query;
  }

  statement(): Statement {
    return parseStatementText(this);
  }

  #openEngine(): JsepEngine<Operand> {
    this.#maskedText ??= maskOperators(this.tokens);
    this.#engine ??= new JsepEngine(this.#maskedText, this);
    return this.#engine;
  }

  /** Called by the engine where an operand must stand. */
  readOperandAt(index: number, engine: { index: number }): Operand {
    this.skipTo(index);
    const mark = this.#maskedText![index];
    if (mark === emptyMark) {
      engine.index = index + 1;
      return this.#emptyPlace(index);
    }
    const operand = mark === listMark ? parseInList(this) : readOperand(this);
    engine.index = this.start;
    return operand;
  }

  /** The place before a prefix NOT, or behind `IS [NOT] NULL` (its mark stands inside the word IS). */
  #emptyPlace(index: number): Operand {
    const isPrefix = this.start === index;
    const last = !isPrefix && this.at('NOT') ? this.peek(1) : this.token;
    return { kind: 'empty', start: this.start, end: last.end };
  }
}
