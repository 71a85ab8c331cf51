const SHORTEST_TICK_MS = 20
const MINUTE_MS = 60_000

/** Does something `perMinute` times a minute of real time until it is stopped; 0 is never. Returns what stops it. */
export function keepPace(perMinute: number, act: () => void): () => void {
  if (!(perMinute > 0)) return () => {}
  const startedMs = performance.now()
  let doneCount = 0
  const timer = setInterval(
    () => {
      const due = Math.floor(((performance.now() - startedMs) * perMinute) / MINUTE_MS)
      for (; doneCount < due; doneCount += 1) act()
    },
    Math.max(SHORTEST_TICK_MS, Math.floor(MINUTE_MS / perMinute)),
  )
  return () => clearInterval(timer)
}
