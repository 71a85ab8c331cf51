/** More did not run together by mistake: 8 MB of `{}` would become millions of parts. */
const MAX_PARTS = 1000

/**
 * The objects of a text in which several run together, `{...}{...}` (old clients have met this: facts 3.4), at most 1,000
 * parts. What follows the last whole object, or one too many, comes as the last part, so that nothing is lost.
 */
export function splitObjects(text: string): string[] {
  const parts: string[] = []
  let start = 0
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length && parts.length < MAX_PARTS - 1; at += 1) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === BACKSLASH) at += 1
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) quoted = true
    else if (code === OPEN) depth += 1
    else if (code === CLOSE) {
      depth -= 1
      if (depth > 0) continue
      parts.push(text.slice(start, at + 1))
      start = at + 1
      depth = 0
    }
  }
  const rest = text.slice(start)
  return rest.trim() === '' ? parts : [...parts, rest]
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
