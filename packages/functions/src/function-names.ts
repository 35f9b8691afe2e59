/**
 * A look-up by name: without regard to case, by alias, and by ClickHouse's CamelCase spelling (`toStartOfHour`, `countIf`),
 * which is the name without its underscores, as long as only one function is meant by it.
 */
export class FunctionNames<Definition extends { readonly name: string; readonly aliases: readonly string[] }> {
  readonly #byName = new Map<string, Definition>();
  readonly #bySqueezedName = new Map<string, Definition | null>();

  constructor(definitions: Iterable<Definition>) {
    for (const definition of definitions) {
      for (const name of [definition.name, ...definition.aliases]) {
        this.#byName.set(name.toLowerCase(), definition);
        const squeezed = squeeze(name);
        const other = this.#bySqueezedName.get(squeezed);
        this.#bySqueezedName.set(squeezed, other === undefined || other === definition ? definition : null);
      }
    }
  }

  find(name: string): Definition | undefined {
    return this.#byName.get(name.toLowerCase()) ?? this.#bySqueezedName.get(name.toLowerCase()) ?? undefined;
  }

  /** Names and aliases. */
  names(): readonly string[] {
    return [...this.#byName.keys()];
  }
}

function squeeze(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}
