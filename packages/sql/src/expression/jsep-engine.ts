import jsep from 'jsep';
import { operatorsByMark, unaryMarks } from './operators.ts';

/**
 * jsep, set up for SQL. Its tables of operators belong to the process, so they are written here, once, and nowhere else.
 *
 * jsep climbs the operators' precedences over the masked text (see operator-mask.ts); what stands between operators is
 * read by `readOperand`, from the tokens.
 */

/** What jsep builds out of operands. */
export type JsepNode<Operand> =
  | { readonly type: 'BinaryExpression'; readonly operator: string; readonly left: JsepNode<Operand>; readonly right: JsepNode<Operand> }
  | { readonly type: 'UnaryExpression'; readonly operator: string; readonly argument: JsepNode<Operand>; start: number }
  | { readonly type: 'Operand'; readonly operand: Operand };

interface JsepParser {
  index: number;
  readonly char: string;
  gobbleSpaces(): void;
  gobbleToken(): unknown;
  gobbleBinaryExpression(): unknown;
}

const { Jsep } = jsep as unknown as { Jsep: new (text: string) => JsepParser };

jsep.removeAllBinaryOps();
jsep.removeAllUnaryOps();
jsep.removeAllLiterals();
for (const { mark, precedence, rightAssociative } of operatorsByMark.values()) jsep.addBinaryOp(mark, precedence, rightAssociative);
for (const mark of Object.keys(unaryMarks)) jsep.addUnaryOp(mark);

/** Reads the operands for jsep. */
export interface OperandReader<Operand> {
  /** The operand that begins at `index` of the text; never nothing. Leaves `engine.index` behind it. */
  readOperandAt(index: number, engine: { index: number }): Operand;
}

/**
 * One jsep parser over a masked text. It is entered by setting `index` to any offset and calling `gobbleBinaryExpression` (or `gobbleToken`
 * for one operand with its signs), and it leaves off where no operator follows. It is re-entrant: an operand may hold expressions of its own.
 *
 * `gobbleToken` is overridden rather than hooked: a hook costs four stack frames a level of nesting, and a thousand levels
 * would no longer fit the main thread's stack.
 */
export class JsepEngine<Operand> extends Jsep {
  readonly #reader: OperandReader<Operand>;

  constructor(maskedText: string, reader: OperandReader<Operand>) {
    super(maskedText);
    this.#reader = reader;
  }

  override gobbleToken(): unknown {
    this.gobbleSpaces();
    const start = this.index;
    if (Object.hasOwn(unaryMarks, this.char)) {
      const node = super.gobbleToken() as { start: number };
      node.start = start;
      return node;
    }
    return { type: 'Operand', operand: this.#reader.readOperandAt(start, this) };
  }
}
