// Several streams side by side, each on its own connection and with a cursor of its own. What ends one leaves the others be.
import { ChpipeError, errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { FollowSummary } from './follow.ts'

export interface Follower {
  stream: string
  /** `announce` says that a consumer is alive for so many milliseconds more; 0 when it has ended. */
  follow(announce: (ms: number) => void): Promise<FollowSummary>
}

/**
 * Follows all of them until each has ended, and returns their summaries in order. When one fails, the others go on; its
 * error is thrown when they have ended too. `onEnd` hears of each that came to its end.
 */
export async function followSeveral(
  followers: readonly Follower[],
  { log, announce, onEnd }: { log: Log; announce(ms: number): void; onEnd(stream: string, did: FollowSummary): void },
): Promise<FollowSummary[]> {
  let following = followers.length
  const announced = (ms: number) => {
    if (ms > 0 || following <= 1) announce(ms)
  }
  const ends = followers.map(async ({ stream, follow }) => {
    try {
      const did = await follow(announced)
      onEnd(stream, did)
      return did
    } catch (error) {
      if (following > 1) {
        const hint = error instanceof ChpipeError ? error.hint : undefined
        log.error('a stream is not followed any more; the others are', {
          stream,
          error: errorMessage(error),
          try: hint,
        })
      }
      throw error
    } finally {
      following -= 1
    }
  })
  const ended = await Promise.allSettled(ends)
  const failed = ended.find((end) => end.status === 'rejected')
  if (failed) throw failed.reason
  return ended.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []))
}
