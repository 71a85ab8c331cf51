/** Full jitter: anything between zero and the doubled step, so that clients who failed together do not return together. */
export function backoffMs(attempt: number, baseMs: number, capMs: number, random: () => number = Math.random): number {
  return random() * Math.min(capMs, baseMs * 2 ** attempt)
}
