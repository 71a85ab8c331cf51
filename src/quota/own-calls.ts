// What a process knows of its own permits in the shared log: those that are out, and those that were answered and are
// still to be reported. All times are `steady` milliseconds of this process.
import type { Lane, ServerState } from '../db/quota/ledger.ts'
import type { AnsweredPermit } from '../db/quota/shared-ledger.ts'
import type { Quota } from '../settings.ts'
import type { RateHeaders } from './rate-headers.ts'
import { applyRateHeaders } from './rule.ts'

interface Answer {
  lane: Lane
  answeredAt: number
  reserved: boolean
}

/** The words of a server that was away for long are no news. */
const MOST_WORDS = 100

/** What one turn reports. */
export interface CallReport {
  answered: AnsweredPermit[]
  words: { word: RateHeaders; ageMs: number }[]
  countSinceMs: number[]
  /** The store has it: nothing of this is reported again. */
  done(): void
}

export type OwnCalls = ReturnType<typeof createOwnCalls>

/** The calls of a process that has made none. */
export function createOwnCalls({ windowMs }: Quota) {
  const out = new Map<number, Lane>()
  const unreported = new Map<number, Answer>()
  const recent = new Map<number, Answer>()
  let words: { word: RateHeaders; at: number }[] = []
  let last = 0

  const forgetOld = (now: number) => {
    for (const [number, { answeredAt }] of recent) {
      if (answeredAt + windowMs >= now) break
      recent.delete(number)
    }
  }

  return {
    next: () => ++last,
    out,
    hasNews: () => unreported.size > 0,

    /** A permit was answered, or failed. */
    answered(number: number, answer: Answer, word: RateHeaders | null): void {
      out.delete(number)
      unreported.set(number, answer)
      recent.delete(number)
      recent.set(number, answer)
      forgetOld(answer.answeredAt)
      if (word) words = [...words, { word, at: answer.answeredAt }].slice(-MOST_WORDS)
    },

    /** How many the stream has used in the last window. */
    streamCalls(now: number): number {
      forgetOld(now)
      return [...recent.values()].filter(({ lane }) => lane === 'stream').length
    },

    /** The store has lost its log: what this process remembers is reported anew, and permits that are out as answered now. */
    reportAgain(now: number): void {
      forgetOld(now)
      for (const [number, answer] of recent) unreported.set(number, { ...answer, reserved: false })
      for (const [number, lane] of out) unreported.set(number, { lane, answeredAt: now, reserved: false })
    },

    report(now: number): CallReport {
      // What has aged meanwhile counts no more, but for what stays reserved.
      for (const [number, { answeredAt, reserved }] of unreported) {
        if (!reserved && now - answeredAt > 2 * windowMs) unreported.delete(number)
      }
      const batch = [...unreported]
      const told = words
      return {
        answered: batch.map(([number, { lane, answeredAt, reserved }]) => ({
          number,
          lane,
          ageMs: now - answeredAt,
          reserved,
        })),
        words: told.map(({ word, at }) => ({ word, ageMs: now - at })),
        countSinceMs: told.map(({ word, at }) => now - at - (word.resetEarliestMs ?? 0) + windowMs),
        done() {
          for (const [number, answer] of batch) if (unreported.get(number) === answer) unreported.delete(number)
          words = words.filter((one) => !told.includes(one))
        },
      }
    },
  }
}

/** What the answers of a turn teach, one after the other; `now` is the store's time. */
export function applyWords(
  before: ServerState,
  { words }: CallReport,
  quota: Quota,
  ownCalls: number[],
  now: number,
): ServerState {
  return words.reduce(
    (state, { word, ageMs }, index) => applyRateHeaders(state, word, quota, () => ownCalls[index] ?? 0, now - ageMs),
    before,
  )
}
