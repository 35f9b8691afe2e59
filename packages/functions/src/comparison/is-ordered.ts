import type { DataType } from '@millrace/data';

/** False for types whose values are equal or different, but not less or greater: map, json, and composites of them. */
export function isOrdered(type: DataType): boolean {
  switch (type.kind) {
    case 'map':
    case 'json':
      return false;
    case 'nullable':
      return isOrdered(type.inner);
    case 'array':
      return isOrdered(type.element);
    case 'tuple':
      return type.elements.every((element) => isOrdered(element.type));
    default:
      return true;
  }
}
