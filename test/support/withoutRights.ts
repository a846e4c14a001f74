/** What root may not do, nobody may not either: file rights bind an ordinary user only. */
const NOBODY = 65_534;

/** Runs `work` with the rights of an ordinary user, also when the tests run as root. */
export async function withoutRights<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
