import { nameWords } from '../names.ts'

/**
 * A name as it is compared: lower case, without accents or punctuation, single spaces. Apostrophes and dots join
 * (`O'Brien` -> `obrien`), everything else separates. A name of nothing but signs is compared as it stands.
 */
export function normalName(name: string): string {
  return nameWords(name).join(' ') || name.toLowerCase().trim()
}

/** A name as results are matched by it: spaces do not count either. */
export function matchName(name: string): string {
  return normalName(name).replaceAll(' ', '')
}
