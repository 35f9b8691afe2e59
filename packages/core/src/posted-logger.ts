import type { LogFields, Logger } from './logger.ts';

/** Takes a line of a log elsewhere. */
export type PostLine = (level: 'debug' | 'info' | 'warn' | 'error', fields: LogFields, message: string) => void;

/** A logger whose lines are written in another thread. Fields that cannot be cloned go as their JSON does. */
export function postedLogger(post: PostLine, given: LogFields = {}): Logger {
  const line = (level: Parameters<PostLine>[0]) => (fields: LogFields, message: string) => {
    const all = { ...given, ...fields };
    try {
      post(level, all, message);
    } catch {
      post(level, { ...given, fields: jsonOf(fields) }, message);
    }
  };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => postedLogger(post, { ...given, ...fields }),
  };
}

function jsonOf(fields: LogFields): string {
  try {
    return JSON.stringify(fields);
  } catch {
    return 'not to be shown';
  }
}
