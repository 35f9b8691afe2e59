export { createApp, listen } from './app.ts';
export { Metrics } from './metrics.ts';
