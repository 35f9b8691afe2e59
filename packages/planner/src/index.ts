export { evaluateConstant, planExpression } from './bind/constant.ts';
export { compareState, type StateFate } from './compare-state.ts';
export type { PlanContext } from './context.ts';
export { dependenciesOf, describeColumns } from './describe-query.ts';
export { explainPlan } from './explain/explain-plan.ts';
export type * from './plan.ts';
export { insertColumns, planInsert } from './plan-insert.ts';
export { planQuery } from './plan-query.ts';
export { planView, viewColumns } from './plan-view.ts';
export {
  isClientSetting,
  type QuerySettings,
  querySettings,
  resolveQuerySettings,
  type SettingDefinition,
  withSettingsClause,
} from './settings/query-settings.ts';
export { resolveStreamSettings, type StreamSettingDefinition, type StreamSettings, streamSettings } from './settings/stream-settings.ts';
export { lastingSettings, takeViewSettings, type ViewSettings, viewSettings } from './settings/view-settings.ts';
export { splitView, type ViewStages } from './split-view.ts';
export { bindColumns, bindOverColumns, bindTextOverColumns } from './stream/bind-columns.ts';
export { eventTimeColumnOf } from './stream/event-time-column.ts';
export { defaultsFor, type StreamDefaults, type ValueColumn } from './stream/stream-defaults.ts';
