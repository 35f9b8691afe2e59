/**
 * The options of a script, as `read` takes them from the command line. Prints how the script is called and ends the process where that
 * is asked for, or where `read` throws: a typing error must not look like a run that found nothing.
 */
export function scriptOptions<T>(usage: string, read: () => T): T {
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return read();
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

/** @throws Error that says what is legal */
export function positive(name: string, given: string): number {
  const number = Number(given);
  if (Number.isFinite(number) && number > 0) return number;
  throw new Error(`--${name} takes a number above 0, not ${JSON.stringify(given)}`);
}

/** @throws Error that says what is legal */
export function legal(name: string, given: readonly string[], names: readonly string[]): void {
  const wrong = given.find((one) => !names.includes(one));
  if (wrong !== undefined) throw new Error(`--${name} takes ${names.join(', ')}, not ${JSON.stringify(wrong)}`);
}
