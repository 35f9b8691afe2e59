/** The part of cli-progress that is used; the package brings no types. */
declare module 'cli-progress' {
  export class SingleBar {
    constructor(options: { readonly format: string; readonly stream: NodeJS.WritableStream; readonly clearOnComplete: boolean });
    start(total: number, startValue: number): void;
    increment(delta: number): void;
    stop(): void;
  }
}
