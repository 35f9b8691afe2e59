/** The hook `open`; one that hands on its context where there is none. */
export function openOf<C>(hooks: { open?(context: C): unknown }): (context: C) => unknown {
  return hooks.open?.bind(hooks) ?? ((context) => context);
}
