import { type DataType, type TimeParts, type Zone, zone, zoneOf } from '@millrace/data';
import { zoneArgument } from '../conversion/time-conversions.ts';
import type { BoundCall } from '../define-function.ts';
import { perQuery } from '../define-function.ts';
import type { Kernel, KernelContext } from '../definition.ts';
import { scaleOf, type Tick } from './scale.ts';

/** The zone in which a call computes: the one it names, else its argument's, else the server's; dates have no other than UTC. */
export function zoneOfCall(call: BoundCall, { timezone }: KernelContext, zoneIndex: number, type: DataType = call.types[0]!): Zone {
  const named = zoneArgument(call, zoneIndex);
  if (type.kind === 'date' && named === null) return zone('UTC');
  return zone(named ?? zoneOf(type) ?? timezone);
}

/** A kernel of the parts of a time's wall clock; argument `zoneIndex` may name a zone. */
export function partsKernel(call: BoundCall, zoneIndex: number, compute: (parts: TimeParts, place: Zone, ms: number) => number): Kernel {
  return perQuery((context) => {
    const place = zoneOfCall(call, context, zoneIndex);
    const scale = scaleOf(call.types[0]!);
    return (value: Tick) => {
      const { ms } = scale.split(value, place);
      return compute(place.parts(ms), place, ms);
    };
  });
}
