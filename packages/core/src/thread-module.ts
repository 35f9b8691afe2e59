/** A module that a thread starts with. */
export interface ThreadModule {
  readonly url: URL;
  /** Without the parent's own arguments (a debugger's port, a test runner's loader), but with the way to find packages. */
  readonly execArgv: string[];
}

/**
 * The module that stands beside another, in source and as it is built: from source, packages resolve by the `source` condition.
 * @param name of its file, without extension
 * @param beside `import.meta.url` of the other
 */
export function threadModule(name: string, beside: string): ThreadModule {
  const isSource = beside.endsWith('.ts');
  return { url: new URL(`./${name}${isSource ? '.ts' : '.js'}`, beside), execArgv: isSource ? ['--conditions=source'] : [] };
}
