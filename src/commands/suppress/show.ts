import type { Suppression } from '../../db/suppressions.ts'
import { printable } from '../../text.ts'

const HASH_SHOWN = 8

/** A rule as it is shown: the names and their order are what `--json` prints, an e-mail is the start of its keyed hash. */
export function shownRule({ id, kind, value, born, reason, added_at }: Suppression) {
  return { id, kind, value: kind === 'email' ? value.slice(0, HASH_SHOWN) : value, born, reason, added_at }
}

/** A rule as a phrase: `domain example.com`, `name smith, john (1970-04)`. */
export function phrase(suppression: Suppression): string {
  const { kind, value, born } = shownRule(suppression)
  return printable(`${kind} ${value}${born === null ? '' : ` (${born})`}`)
}
