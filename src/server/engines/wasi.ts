/**
 * Runs a WASI program that reads its arguments and writes one file. The program reaches nothing of this machine: the
 * file is memory, and there is no other one. Node's own `node:wasi` is experimental, says so on stderr, and would need
 * a folder on disk.
 */

export type WasiResult = {
  exitCode: number;
  /** What the program wrote into the file that it created, whatever its name. */
  file: Uint8Array;
  /** What it printed, on stdout and stderr. */
  printed: string;
};

/** Error numbers of WASI. */
const ERRNO = { success: 0, badFile: 8, notFound: 44, noSeek: 70 } as const;
const FILE_TYPE = { character: 2, folder: 3, file: 4 } as const;
const ALL_RIGHTS = 0xffff_ffff_ffff_ffffn;
const CREATE = 1;
const VECTOR_BYTES = 8;
/** File descriptors: the only folder there is, and the file in it. */
const FOLDER = 3;
const FILE = 4;

class Exit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Blocks until the program has ended. @throws whatever stops it but its own exit. */
export function runWasi(module: WebAssembly.Module, args: readonly string[]): WasiResult {
  const written: Uint8Array[] = [];
  const printed: Uint8Array[] = [];
  const argv = args.map((argument) => Buffer.from(`${argument}\0`));
  const bytes = (): Uint8Array => new Uint8Array(memory.buffer);
  const view = (): DataView => new DataView(memory.buffer);
  const setSize = (at: number, size: number): void => view().setUint32(at, size, true);
  const calls = {
    args_sizes_get: (count: number, size: number) => {
      setSize(count, argv.length);
      setSize(size, Buffer.concat(argv).byteLength);
      return ERRNO.success;
    },
    args_get: (pointers: number, texts: number) => {
      let at = texts;
      for (const [index, argument] of argv.entries()) {
        setSize(pointers + index * 4, at);
        bytes().set(argument, at);
        at += argument.byteLength;
      }
      return ERRNO.success;
    },
    clock_time_get: (_clock: number, _precision: bigint, at: number) => {
      view().setBigUint64(at, BigInt(Math.round(performance.now() * 1e6)), true);
      return ERRNO.success;
    },
    fd_prestat_get: (fd: number, at: number) => {
      if (fd !== FOLDER) return ERRNO.badFile;
      setSize(at, 0);
      setSize(at + 4, 1);
      return ERRNO.success;
    },
    fd_prestat_dir_name: (_fd: number, at: number) => {
      bytes()[at] = '/'.charCodeAt(0);
      return ERRNO.success;
    },
    fd_fdstat_get: (fd: number, at: number) => {
      if (fd > FILE) return ERRNO.badFile;
      const { character, folder, file } = FILE_TYPE;
      bytes().fill(0, at, at + 24);
      bytes()[at] = fd === FOLDER ? folder : fd === FILE ? file : character;
      view().setBigUint64(at + 8, ALL_RIGHTS, true);
      view().setBigUint64(at + 16, ALL_RIGHTS, true);
      return ERRNO.success;
    },
    fd_fdstat_set_flags: () => ERRNO.success,
    path_open: (
      _fd: number,
      _lookup: number,
      _path: number,
      _length: number,
      flags: number,
      _rights: bigint,
      _inherited: bigint,
      _fdFlags: number,
      at: number,
    ) => {
      if ((flags & CREATE) === 0) return ERRNO.notFound;
      setSize(at, FILE);
      return ERRNO.success;
    },
    fd_write: (fd: number, vectors: number, count: number, at: number) => {
      const to = fd === FILE ? written : printed;
      let size = 0;
      for (let vector = vectors; vector < vectors + count * VECTOR_BYTES; vector += VECTOR_BYTES) {
        const from = view().getUint32(vector, true);
        const length = view().getUint32(vector + 4, true);
        to.push(bytes().slice(from, from + length));
        size += length;
      }
      setSize(at, size);
      return ERRNO.success;
    },
    fd_read: () => ERRNO.badFile,
    fd_seek: () => ERRNO.noSeek,
    fd_close: () => ERRNO.success,
    proc_exit: (exitCode: number) => {
      throw new Exit(exitCode);
    },
  };
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: calls });
  const memory = exports['memory'] as WebAssembly.Memory;
  const start = exports['_start'] as () => void;
  let exitCode = 0;
  try {
    start();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    ({ exitCode } = error);
  }
  return { exitCode, file: Buffer.concat(written), printed: Buffer.concat(printed).toString() };
}
