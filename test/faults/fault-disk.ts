import { type Disk, type DiskFile, MillraceError, systemDisk } from '@millrace/core';

/** The machine's disk, which can be full: then it takes no more bytes, as ENOSPC says. */
export class FaultDisk implements Disk {
  isFull = false;

  open(path: string, mode: 'read' | 'read-write' | 'create'): DiskFile {
    const file = systemDisk.open(path, mode);
    return {
      size: () => file.size(),
      read: (target, offset, length, position) => file.read(target, offset, length, position),
      write: (buffers, position) => {
        this.#need(path);
        file.write(buffers, position);
      },
      truncate: (size) => file.truncate(size),
      sync: () => file.sync(),
      syncNow: () => file.syncNow(),
      close: () => file.close(),
    };
  }

  replaceFile(path: string, content: Uint8Array): void {
    this.#need(path);
    systemDisk.replaceFile(path, content);
  }

  makeDirectory(path: string): void {
    this.#need(path);
    systemDisk.makeDirectory(path);
  }

  list = systemDisk.list;
  exists = systemDisk.exists;
  isDirectory = systemDisk.isDirectory;
  readFile = systemDisk.readFile;
  rename = systemDisk.rename;
  remove = systemDisk.remove;

  #need(path: string): void {
    if (this.isFull) throw new MillraceError('DISK_FULL', `no space left for ${path}`, { retryable: true });
  }
}
