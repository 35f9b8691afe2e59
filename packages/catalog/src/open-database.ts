import { Database, damaged } from './database.ts';

/**
 * Opens a catalog file for one process alone: write-ahead log, synchronized at every commit (a power loss keeps what was
 * acknowledged), checked page by page, then migrated. Closed again if anything of that fails.
 */
export async function openDatabase(path: string, migrate: (database: Database, path: string) => Promise<void>): Promise<Database> {
  const database = await Database.open(path);
  try {
    // Before the first access: in this mode the lock is taken for good, and a second process is told.
    await database.script(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;',
    );
    const findings = await database.rows<{ quick_check: string }>('PRAGMA quick_check(1)');
    if (findings[0]?.quick_check !== 'ok') throw damaged(path, findings[0]?.quick_check ?? 'its check gives nothing');
    await migrate(database, path);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
