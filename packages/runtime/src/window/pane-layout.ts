import { zone } from '@millrace/data';
import type { WindowPlan } from '@millrace/planner';
import { lengthMs } from './window-shape.ts';

const maxPanesPerWindow = 1000;
/** Since 1987 the offsets of all zones are multiples of a quarter of an hour: windows of a slide that divides it lie as in UTC. */
const zoneStepMs = 900_000;

/** Hopping windows as runs of panes: ms. */
export interface PaneLayout {
  readonly paneMs: number;
  readonly slideMs: number;
  readonly sizeMs: number;
}

/** The panes of gcd(slide, size) that hopping windows are made of; null where windows do not divide so, or into too many. */
export function paneLayout({ slide, size, zone: name }: WindowPlan): PaneLayout | null {
  const [slideMs, sizeMs] = [lengthMs(slide), lengthMs(size)];
  if (slideMs === null || sizeMs === null || !Number.isInteger(slideMs) || !Number.isInteger(sizeMs)) return null;
  // Where a slide does not divide what the wall clock may be off and jump by, windows before and after a jump are not made of the same panes.
  if (!zone(name).isUtc && zoneStepMs % slideMs !== 0) return null;
  let [paneMs, rest] = [slideMs, sizeMs];
  while (rest !== 0) [paneMs, rest] = [rest, paneMs % rest];
  return sizeMs / paneMs > maxPanesPerWindow ? null : { paneMs, slideMs, sizeMs };
}
