export * from './operators/operator.ts';
