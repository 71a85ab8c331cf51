// Names for what comes without one.
import { createHash } from 'node:crypto'

/** An id made of what tells a thing from others of its kind; it begins with `derived-`, as no id of the register does. */
export function derivedId(parts: readonly unknown[]): string {
  return `derived-${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 27)}`
}
