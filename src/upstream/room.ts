export interface Seat {
  /** Takes `bytes` more; waits while others hold what there is. */
  take(bytes: number): Promise<void>
  /** Gives everything back. */
  leave(): void
}

/**
 * Room that readers share. Up to `sharedBytes` whoever comes first is served; beyond them one reader at a time may go on,
 * and the others wait. So whoever has begun can end: no two ever wait for each other.
 */
export function createRoom(sharedBytes: number): { enter(): Seat } {
  let used = 0
  let beyond: Seat | null = null
  const waiting = new Map<Seat, () => void>()

  const enter = (): Seat => {
    let own = 0
    const seat: Seat = {
      async take(bytes) {
        while (used + bytes > sharedBytes && beyond !== null && beyond !== seat) {
          await new Promise<void>((wake) => waiting.set(seat, wake))
        }
        if (used + bytes > sharedBytes) beyond = seat
        used += bytes
        own += bytes
      },
      leave() {
        used -= own
        own = 0
        waiting.delete(seat)
        if (beyond === seat) beyond = null
        const woken = [...waiting.values()]
        waiting.clear()
        for (const wake of woken) wake()
      },
    }
    return seat
  }
  return { enter }
}
