/** No reply known goes deeper than eight levels. */
const MAX_DEPTH = 100

/** A page of 5,000 search results, the largest reply there is, holds about 125,000. */
const MAX_VALUES = 250_000

/** No object known has more than sixty. */
const MAX_MEMBERS = 1000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Why JSON would cost far more memory than its text, as the end of a sentence; null when it would not. Looked at before
 * it is parsed; whether it is JSON at all is left to the parser.
 */
export function jsonExcess(text: string, longestText = Number.POSITIVE_INFINITY): string | null {
  const members = new Uint16Array(MAX_DEPTH + 1)
  let depth = 0
  let values = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const end = endOfString(text, at)
      if (end - at > longestText) return `with a text of more than ${longestText} characters`
      at = end
    } else if (code === COMMA) values += 1
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      values += 1
      depth += 1
      if (depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`
      members[depth] = 0
    } else if (code === COLON) {
      members[depth] = (members[depth] ?? 0) + 1
      if ((members[depth] ?? 0) > MAX_MEMBERS) return 'of more than 1,000 members in one object'
    } else if ((code === CLOSE_LIST || code === CLOSE_OBJECT) && depth > 0) depth -= 1
    if (values > MAX_VALUES) return 'of more than 250,000 values'
  }
  return null
}

/** Where the string that begins here ends. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at += 1
    else if (code === QUOTE) return at
  }
  return text.length
}
