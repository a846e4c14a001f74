/** Which backend is tried before which. Only the order hangs on the system: all are tried. */

/** Those named for this system first, in their order, then the rest in the common one. */
export function ranked<Program>(
  common: readonly Program[],
  first: { darwin: readonly Program[]; win32: readonly Program[] },
  platform: NodeJS.Platform = process.platform,
): readonly Program[] {
  const best = platform === 'darwin' || platform === 'win32' ? first[platform] : [];
  return [...new Set([...best, ...common])];
}
