/**
 * A stop of the process (`kill -TSTP`) and its end: whoever has the terminal meanwhile finds it as it was.
 * Ctrl+Z is no key of `talk`: a conversation cannot be put down and taken up again.
 */
type Owner = { suspend?(): void; resume?(): void };

/** Returns the way to let go. `owners` are resumed in order and suspended in reverse. */
export function surviveStops(owners: readonly Owner[]): () => void {
  const stop = (): void => {
    for (const owner of owners.toReversed()) owner.suspend?.();
    process.kill(process.pid, 'SIGSTOP');
  };
  const goOn = (): void => {
    for (const owner of owners) owner.resume?.();
  };
  // Windows has no such signals; to listen for them there does nothing.
  process.on('SIGTSTP', stop);
  process.on('SIGCONT', goOn);
  return () => {
    process.off('SIGTSTP', stop);
    process.off('SIGCONT', goOn);
  };
}
