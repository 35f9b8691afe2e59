import { access, constants, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that grows at its end. */
export interface DiskFile {
  size(): Promise<number>;
  /** Fewer bytes at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  /** All or an error; after an error some of it may be there. */
  append(bytes: Uint8Array): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Resolves when what was appended survives a loss of power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The disk as a port: tests make it fail. */
export interface Disk {
  /** Makes the file, and folders on the way to it, where they are not there. */
  open(path: string): Promise<DiskFile>;
  exists(path: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  /** Makes the names in the folder of a file survive a loss of power. */
  syncFolder(path: string): Promise<void>;
  /** Makes a file that is not there. @throws {Error} if it cannot be appended to, or is something else: a device, a pipe */
  prepareFile(path: string): Promise<void>;
  /** Makes a folder that is not there. @throws {Error} if files cannot be made in it */
  prepareFolder(path: string): Promise<void>;
}

export const realDisk: Disk = {
  async open(path) {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a+');
    return {
      size: async () => (await handle.stat()).size,
      async read(position, length) {
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      },
      append: (bytes) => handle.appendFile(bytes),
      truncate: (size) => handle.truncate(size),
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  rename,
  async syncFolder(path) {
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
  async prepareFile(path) {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a+');
    const isFile = (await handle.stat()).isFile();
    await handle.close();
    if (!isFile) throw new Error(`${path} is not a regular file`);
  },
  async prepareFolder(path) {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK | constants.X_OK);
  },
};
