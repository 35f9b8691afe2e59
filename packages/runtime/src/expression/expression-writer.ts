import { assert } from '@millrace/core';
import { columnKind, createCast, type DataType, isBool, isNullable, removeNullable, type Value } from '@millrace/data';
import { type KernelContext, type ResolvedFunction, scalarFunction } from '@millrace/functions';
import type { PlanExpression } from '@millrace/planner';
import { castText } from './cast-text.ts';
import { comparisonText } from './comparison-text.ts';
import type { LoopWriter, NullLanes } from './loop-writer.ts';
import type { Written } from './written.ts';

type Call = Extract<PlanExpression, { kind: 'call' }>;
type Lambda = Extract<PlanExpression, { kind: 'lambda' }>;

/** What is made once for an expression, whichever NULL lanes its loops are compiled for: kernels may have state. */
export class Kernels {
  readonly context: KernelContext;
  readonly #resolved = new Map<Call, ResolvedFunction>();
  readonly #created = new Map<Call, (...values: never[]) => Value>();

  constructor(context: KernelContext) {
    this.context = context;
  }

  resolve(call: Call): ResolvedFunction {
    let resolved = this.#resolved.get(call);
    if (resolved === undefined) {
      const definition = scalarFunction(call.function);
      assert(definition !== undefined, `the plan calls ${call.function}, which does not exist`);
      this.#resolved.set(call, (resolved = definition.resolve(call.resolvedFrom)));
    }
    return resolved;
  }

  create(call: Call): (...values: never[]) => Value {
    let created = this.#created.get(call);
    if (created === undefined) {
      const { kernel } = this.resolve(call);
      assert(kernel.kind !== 'code', 'a kernel of code has nothing to create');
      this.#created.set(call, (created = kernel.create(this.context)));
    }
    return created;
  }
}

const literal = (text: string): Written => ({ text, nullable: text === 'null', atomic: true });

/** Writes expressions as text for one loop. */
export class ExpressionWriter {
  readonly #loop: LoopWriter;
  readonly #kernels: Kernels;
  readonly #nullLanes: NullLanes;

  constructor(loop: LoopWriter, kernels: Kernels, nullLanes: NullLanes) {
    this.#loop = loop;
    this.#kernels = kernels;
    this.#nullLanes = nullLanes;
  }

  write(expression: PlanExpression): Written {
    switch (expression.kind) {
      case 'constant':
        return this.#constant(expression.value);
      case 'column':
        return this.#column(expression.index, expression.type);
      case 'parameter':
        return { text: `p${expression.id}`, nullable: true, atomic: true };
      case 'cast':
        return this.#cast(expression.operand, expression.type);
      case 'lambda':
        return this.#lambda(expression);
      case 'call':
        return this.#call(expression);
    }
  }

  #constant(value: Value): Written {
    if (value === null || typeof value === 'boolean') return literal(String(value));
    if (typeof value === 'bigint') return literal(value < 0n ? `(${value}n)` : `${value}n`);
    if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return literal(value < 0 ? `(${value})` : `${value}`);
    return { text: this.#loop.capture(value), nullable: false, atomic: true };
  }

  #column(index: number, type: DataType): Written {
    const kind = columnKind(type);
    this.#loop.useColumn(index, kind);
    if (kind === 'value') return { text: `values${index}[row]`, nullable: true, atomic: false };
    const nullable = this.#nullLanes(index);
    const guard = (text: string) => (nullable ? `(nulls${index}[row] === 1 ? null : ${text})` : text);
    if (kind === 'string')
      return { text: guard(`bytes${index}.latin1Slice(starts${index}[row], ends${index}[row])`), nullable, atomic: false };
    const value = guard(isBool(type) ? `values${index}[row] !== 0` : `values${index}[row]`);
    // Reading a 64-bit lane makes a BigInt: that is left to where it is needed.
    if (kind === 'bigint') return { text: value, nullable, atomic: false };
    this.#loop.atRow(`const column${index} = ${value};`);
    return { text: `column${index}`, nullable, atomic: true };
  }

  #cast(operand: PlanExpression, to: DataType): Written {
    const value = this.write(operand);
    // A NULL that the types do not speak of (a missing field whose default comes later) passes through.
    const passesNull = isNullable(to) || !isNullable(operand.type);
    const from = passesNull ? removeNullable(operand.type) : operand.type;
    const inline = passesNull ? castText(operand.type, to) : null;
    const convert = inline ?? this.#convertBy(createCast(from, to, this.#kernels.context));
    if (!value.nullable || !passesNull) return { text: convert(value.text), nullable: isNullable(to) && inline === null, atomic: false };
    const atom = this.#atom(value);
    const first = atom.assignment === '' ? atom.name : `(${atom.assignment})`;
    return { text: `(${first} === null ? null : ${convert(atom.name)})`, nullable: true, atomic: false };
  }

  #convertBy(cast: (value: Value) => Value): (value: string) => string {
    const name = this.#loop.capture(cast);
    return (value) => `${name}(${value})`;
  }

  #lambda({ parameters, body }: Lambda): Written {
    const { result, declaration } = this.#loop.scoped(() => this.write(body));
    const names = parameters.map(({ id }) => `p${id}`).join(', ');
    return { text: `((${names}) => { ${declaration} return ${result.text}; })`, nullable: false, atomic: false };
  }

  #call(call: Call): Written {
    const resolved = this.#kernels.resolve(call);
    if (resolved.kernel.kind === 'constant') return this.#constantKernel(call, resolved);
    const compared = comparisonText(call, resolved, this.#loop, this.#nullLanes);
    if (compared !== null) return compared;
    const args = call.arguments.map((argument) => this.write(argument));
    return resolved.nulls === 'manual' ? this.#manual(call, resolved, args) : this.#propagating(call, resolved, args);
  }

  #constantKernel(call: Call, resolved: ResolvedFunction): Written {
    const name = this.#loop.name('once');
    this.#loop.before(`const ${name} = ${this.#loop.capture(this.#kernels.create(call))}();`);
    return { text: name, nullable: mayBeNull(resolved.returns), atomic: true };
  }

  #manual(call: Call, resolved: ResolvedFunction, args: readonly Written[]): Written {
    const nullable = mayBeNull(resolved.returns);
    if (resolved.kernel.kind === 'row')
      return {
        text: this.#invoke(
          call,
          args.map(({ text }) => text),
        ),
        nullable,
        atomic: false,
      };
    assert(resolved.kernel.kind === 'code', 'the kernel is code');
    if (resolved.lazy === true) return { text: resolved.kernel.emit(...args.map(({ text }) => `(${text})`)), nullable, atomic: false };
    const atoms = args.map((arg) => this.#atom(arg));
    const assignments = atoms.map(({ assignment }) => assignment).filter((assignment) => assignment !== '');
    const text = resolved.kernel.emit(...atoms.map(({ name }) => name));
    return { text: `(${[...assignments, text].join(', ')})`, nullable, atomic: false };
  }

  /** NULL if an argument is; the kernel sees none. */
  #propagating(call: Call, resolved: ResolvedFunction, args: readonly Written[]): Written {
    const isCode = resolved.kernel.kind === 'code';
    const [tests, assignments, texts]: [string[], string[], string[]] = [[], [], []];
    for (const arg of args) {
      const needsName = arg.nullable || (isCode && !arg.atomic);
      const atom = needsName ? this.#atom(arg) : { name: arg.text, assignment: '' };
      texts.push(atom.name);
      if (arg.nullable) tests.push(`${atom.assignment === '' ? atom.name : `(${atom.assignment})`} === null`);
      else if (atom.assignment !== '') assignments.push(atom.assignment);
    }
    const applied = resolved.kernel.kind === 'code' ? resolved.kernel.emit(...texts) : this.#invoke(call, texts);
    const value = assignments.length === 0 ? applied : `(${[...assignments, applied].join(', ')})`;
    const nullable = tests.length > 0 || mayBeNull(resolved.returns);
    return { text: tests.length === 0 ? value : `(${tests.join(' || ')} ? null : ${value})`, nullable, atomic: false };
  }

  #invoke(call: Call, texts: readonly string[]): string {
    return `${this.#loop.capture(this.#kernels.create(call))}(${texts.join(', ')})`;
  }

  /** A name for a value, and how it gets it ('' if it has one already). */
  #atom(written: Written): { readonly name: string; readonly assignment: string } {
    if (written.atomic) return { name: written.text, assignment: '' };
    const name = this.#loop.temp();
    return { name, assignment: `${name} = ${written.text}` };
  }
}

function mayBeNull(type: DataType): boolean {
  return isNullable(type) || removeNullable(type).kind === 'nothing';
}
