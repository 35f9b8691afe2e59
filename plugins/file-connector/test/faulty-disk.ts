import { type Disk, realDisk } from '../src/disk.ts';

/** The real disk, where writes fail on demand and every call is written down. */
export class FaultyDisk implements Disk {
  readonly calls: string[] = [];
  /** The next write puts so many bytes into the file and fails. */
  failAfterBytes: number | undefined;
  failsSync = false;

  async open(path: string) {
    const file = await realDisk.open(path);
    return {
      ...file,
      append: async (bytes: Uint8Array) => {
        this.calls.push('append');
        const written = this.failAfterBytes;
        this.failAfterBytes = undefined;
        if (written === undefined) return file.append(bytes);
        await file.append(bytes.subarray(0, written));
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      },
      sync: async () => {
        this.calls.push('sync');
        if (this.failsSync) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
        await file.sync();
      },
    };
  }

  exists(path: string) {
    return realDisk.exists(path);
  }

  rename(from: string, to: string) {
    return realDisk.rename(from, to);
  }

  syncFolder(path: string) {
    this.calls.push('sync folder');
    return realDisk.syncFolder(path);
  }

  prepareFile(path: string) {
    return realDisk.prepareFile(path);
  }

  prepareFolder(path: string) {
    return realDisk.prepareFolder(path);
  }
}
