export type * from './ast.ts';
export { type InputState, inputState, isComplete, type OpenConstruct, type StatementText, splitStatements } from './input-state.ts';
export { keywords } from './lexer/keywords.ts';
export { type ParsedStatement, parseExpression, parseQuery, parseStatement, parseStatements } from './parse.ts';
export { print } from './print/print.ts';
export { type SyntaxKind, type SyntaxToken, tokenize } from './tokenize.ts';
export { mapExpression, walkExpression } from './walk.ts';
