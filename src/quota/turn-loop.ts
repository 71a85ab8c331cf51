// When a process takes its turns at the shared log: one at a time, when somebody waits, and soon after something changed.
import type { Clock } from '../clock.ts'
import type { StoreLink } from './link.ts'
import type { OwnCalls } from './own-calls.ts'
import type { createTurns } from './shared-turn.ts'
import type { Ask } from './store.ts'

/** Answers are gathered this long before they are reported, unless somebody waits. */
const GATHER_MS = 30
/** A turn is not asked for sooner than this after one that brought nothing. */
const POLL_MS = { stream: 50, background: 100 }

export interface TurnLoopOptions {
  clock: Clock
  link: StoreLink
  own: OwnCalls
  take: ReturnType<typeof createTurns>
  ask(): Ask
  /** Nothing is gathered any more once it aborts. */
  closing: AbortSignal
  /** A turn was taken. */
  taken(lost: boolean): void
}

/** Makes the loop of a process; it takes no turn by itself. */
export function createTurnLoop({ clock, link, own, take, ask, closing, taken }: TurnLoopOptions) {
  let ready: number[] = []
  let waitMs = 0
  let running: Promise<void> | null = null
  let gathering = false

  /** Resolves when a turn is over; a store that does not answer is the link's concern. */
  const turn = (): Promise<void> => {
    running ??= link
      .run(take)
      .then(
        (result) => {
          ready = result.granted
          const { lane, wanted } = ask()
          waitMs = Math.max(POLL_MS[lane], result.waitMs)
          // Who wanted them has left meanwhile: what is no longer out, the next turn gives back.
          for (const number of ready.splice(wanted)) own.out.delete(number)
          taken(result.lost)
        },
        () => {},
      )
      .finally(() => {
        running = null
        if (own.hasNews()) report()
      })
    return running
  }

  /** Lets the store know soon that something has changed here. */
  const report = () => {
    if (gathering || closing.aborted || link.awaySince() !== null) return
    gathering = true
    clock
      .sleep(GATHER_MS, closing)
      .then(turn, () => {})
      .finally(() => {
        gathering = false
      })
  }

  return {
    turn,
    report,
    /** Numbers of permits that turns have brought; each is handed out once. */
    takeReady: () => ready.splice(0),
    isRunning: () => running !== null,
    /** How long the last turn said that nothing can be had (ms). */
    waitMs: () => waitMs,
  }
}
