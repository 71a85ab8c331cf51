/** No reply known goes deeper than eight levels. */
const MAX_DEPTH = 100

/** A page of 5,000 search results, the largest reply there is, holds about 125,000. */
const MAX_VALUES = 500_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * Why JSON would cost far more memory than its text, as the end of a sentence; null when it would not. Looked at before
 * it is parsed; whether it is JSON at all is left to the parser.
 */
export function jsonExcess(text: string): string | null {
  let depth = 0
  let values = 0
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === BACKSLASH) at += 1
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) quoted = true
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1
      values += 1
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1
    else if (code === COMMA) values += 1
    if (depth > MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`
    if (values > MAX_VALUES) return 'of more than 500,000 values'
  }
  return null
}
