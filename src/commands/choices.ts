// Words of closed lists. Kept apart from the other values: the help of the program needs no more.
import { ChpipeError } from '../errors.ts'
import { didYouMean } from '../text.ts'
import type { Parser } from './command.ts'

/** Comma-separated words, without blanks: `active,liquidation`. */
export function words(text: string): string[] {
  const list = text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean)
  if (list.length > 0) return list
  throw new ChpipeError('usage', `Expected one or more values separated by commas, got: ${text}`)
}

/** A list longer than this is no help in an error; the word that was meant is. */
const LONGEST_LISTED = 12

/** One word of a closed list. `meant` knows which of them people mean by other words. */
export function oneOf<const T extends string>(
  choices: readonly T[],
  meant?: (text: string) => string | null,
): Parser<T> {
  const parse = (text: string) => {
    const choice = choices.find((candidate) => candidate === text)
    if (choice !== undefined) return choice
    const other = meant?.(text) ?? null
    const hint = other === null ? didYouMean(text, choices) : `Did you mean ${other}?`
    const listed = hint === null || choices.length <= LONGEST_LISTED
    const sentence = listed ? `Expected ${choices.join(', ')}, got: ${text}` : `There is no such value: ${text}`
    throw new ChpipeError('usage', sentence, hint === null ? {} : { hint })
  }
  return offering(choices, parse)
}

/** Words of a closed list, separated by commas. */
export function someOf<const T extends string>(
  choices: readonly T[],
  meant?: (text: string) => string | null,
): Parser<T[]> {
  const one = oneOf(choices, meant)
  return Object.assign(
    offering(choices, (text: string) => words(text).map(one)),
    { list: true as const },
  )
}

/** A parser that also knows which words it takes, so that the shell can offer them. */
export function offering<T>(choices: readonly string[], parse: (text: string) => T): Parser<T> {
  return Object.assign((text: string) => parse(text), { choices })
}
