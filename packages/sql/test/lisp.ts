import type { Expression } from '@millrace/sql';

/** An expression as nested lists, so that what binds to what is seen without trusting the printer: `(+ a (* b c))`. */
export function lisp(e: Expression): string {
  const list = (...parts: readonly (string | Expression)[]) =>
    `(${parts.map((part) => (typeof part === 'string' ? part : lisp(part))).join(' ')})`;
  const not = (word: string, negated: boolean) => (negated ? `not-${word}` : word);
  switch (e.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return String(e.value);
    case 'number':
      return e.text;
    case 'string':
      return JSON.stringify(e.value);
    case 'interval':
      return list(e.unit, e.amount);
    case 'column':
      return e.parts.map(({ name, quoted }) => (quoted ? `«${name}»` : name)).join('.');
    case 'star':
      return e.qualifier === null ? '*' : `${e.qualifier.name}.*`;
    case 'call': {
      const parameters = e.parameters.length === 0 ? [] : [list('with', ...e.parameters)];
      return list(e.name.name, ...parameters, ...(e.distinct ? ['distinct'] : []), ...e.arguments);
    }
    case 'binary':
      return list(e.operator, e.left, e.right);
    case 'unary':
      return list(e.operator, e.operand);
    case 'is_null':
      return list(not('null?', e.negated), e.operand);
    case 'between':
      return list(not('between', e.negated), e.operand, e.low, e.high);
    case 'in':
      return list(not('in', e.negated), e.operand, e.subquery === null ? list(...e.list) : 'query');
    case 'like':
      return list(not(e.caseInsensitive ? 'ilike' : 'like', e.negated), e.operand, e.pattern);
    case 'case': {
      const arms = e.branches.map(({ when, then }) => list(when, then));
      return list('case', ...(e.operand === null ? [] : [e.operand]), ...arms, ...(e.otherwise === null ? [] : ['else', e.otherwise]));
    }
    case 'cast':
      return list('cast', e.operand, e.type.text);
    case 'subscript':
      return list('at', e.operand, e.index);
    case 'member':
      return list('.', e.operand, e.member);
    case 'json_path':
      return list(':', e.operand, ...e.path);
    case 'array':
      return list('array', ...e.elements);
    case 'tuple':
      return list('tuple', ...e.elements);
    case 'lambda':
      return list('fn', `(${e.parameters.map(({ name }) => name).join(' ')})`, e.body);
    case 'subquery':
      return 'query';
    case 'placeholder':
      return `{${e.name}:${e.type.text}}`;
  }
}
