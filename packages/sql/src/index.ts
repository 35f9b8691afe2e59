export type * from './ast.ts';
export { type ParsedStatement, parseExpression, parseQuery, parseStatement, parseStatements } from './parse.ts';
