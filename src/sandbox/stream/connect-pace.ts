/** How often one account may connect. */
export interface ConnectLimit {
  count: number
  windowMs: number
}

/** Says of each connection whether it is one too many in the window before it; those turned away count too (facts 3.2). */
export function createConnectPace(limit: ConnectLimit | undefined, now: () => number): () => boolean {
  let recent: number[] = []
  return () => {
    if (!limit) return false
    const atMs = now()
    recent = recent.filter((each) => each > atMs - limit.windowMs)
    recent.push(atMs)
    return recent.length > limit.count
  }
}
