// Text on its way in, well-formed and without blanks around it, and on its way out: names come from outside and can hold
// anything, terminal escape codes included.

/** What some reader or format cannot hold: surrogates, which may be lone ones, U+FFFE and U+FFFF. */
const UNUSABLE = /[\ud800-\udfff\ufffe\uffff]/

/** The same text with U+FFFD for each lone surrogate, U+FFFE and U+FFFF: XML, UTF-8 and other programs refuse those. */
export function wellFormed(text: string): string {
  return UNUSABLE.test(text) ? text.toWellFormed().replace(/[\ufffe\uffff]/g, '\uFFFD') : text
}

/**
 * A name, town or code as it is stored, whichever source it comes from: well-formed and without blanks around it; null
 * when nothing is left.
 */
export function filed(text: string | null | undefined): string | null {
  const trimmed = text?.trim()
  return trimmed ? wellFormed(trimmed) : null
}

/** In JSON an escape can stand for what no well-formed text holds. */
const UNUSABLE_IN_JSON = /\\u(?:d[89a-f]|fff[ef])|[\ufffe\uffff]/i

/** The value of JSON text, a byte order mark before it passed over, with well-formed strings. Throws as `JSON.parse` does. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text)
  return UNUSABLE_IN_JSON.test(text) ? allWellFormed(value) : value
}

function allWellFormed(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value)
  if (Array.isArray(value)) return value.map(allWellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [wellFormed(name), allWellFormed(one)]))
}

/** C0 and C1 control characters but TAB, LF and CR. */
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g

/** What turns the direction of writing, so that a reader sees other text than there is. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g

/**
 * Characters that show nothing, or act on those around them: those that turn, zero-width ones, tags, soft hyphens. They
 * are the format characters of Unicode 17, spelt out: with `\p{Cf}` Node loads its language data at every start.
 */
const UNSEEN =
  /[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu

/**
 * Text for one line of a terminal or a log: line ends become spaces, every other control character and every character
 * that cannot be seen becomes U+FFFD.
 */
export function printable(text: string): string {
  return text
    .replace(/[\t\r\n\u2028\u2029]/g, ' ')
    .replace(CONTROLS, '\uFFFD')
    .replace(UNSEEN, '\uFFFD')
}

/**
 * Text for a file that a spreadsheet, browser or terminal may open: control characters but TAB, LF and CR, and those that
 * turn the direction of writing, become U+FFFD.
 */
export function withoutControls(text: string): string {
  return wellFormed(text).replace(CONTROLS, '\uFFFD').replace(TURNS, '\uFFFD')
}

/** Joiners mean something between letters of scripts that join or conjoin, and inside emoji; elsewhere they only hide. */
const IDLE_JOINERS = /(?<!\ufe0f|[\u0600-\u109f\u1780-\u18af\u{1f000}-\u{1faff}])[\u200c\u200d]/gu
const HIDDEN = new RegExp(UNSEEN.source.replace('\\u200b-\\u200f', '\\u200b\\u200e\\u200f'), 'gu')

/**
 * Text that somebody typed in, for such a file: besides, everything that cannot be seen and the line ends of Unicode become
 * U+FFFD, so that two names that look alike are alike. Ids are not for this: they stay as they are.
 */
export function withoutHidden(text: string): string {
  return withoutControls(text)
    .replace(HIDDEN, '\uFFFD')
    .replace(IDLE_JOINERS, '\uFFFD')
    .replace(/[\u2028\u2029]/g, '\uFFFD')
}

/** `JSON.stringify` that also escapes DEL, C1 controls and what cannot be seen, which JSON itself lets through raw. */
export function safeJson(value: unknown, indent?: number): string {
  const json = JSON.stringify(value, null, indent)
  // ASCII has nothing to hide but DEL, and this is found out without looking at each character.
  if (Buffer.byteLength(json) === json.length && !json.includes('\u007f')) return json
  return json.replace(/[\u007f-\u009f\u2028\u2029]/g, escapedUnits).replace(UNSEEN, escapedUnits)
}

function escapedUnits(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/** `12,345.6`. Node's own formatting would load its language data, which takes longer than a whole report. */
export function formatNumber(value: number): string {
  const [whole = '', fraction] = String(value).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** A number with its noun: `1 company`, `1,200 companies`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${formatNumber(value)} ${value === 1 ? one : many}`
}

/** `0 bytes`, `845 bytes`, `1.2 MB`: decimal units, as disks are sold. */
export function formatBytes(bytes: number): string {
  const units: [number, string][] = [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ]
  const [size, unit] = units.find(([least]) => bytes >= least) ?? [1, 'bytes']
  return `${size === 1 ? bytes : (bytes / size).toFixed(1)} ${unit}`
}

/** The columns of a terminal, at least 20; `otherwise` where it tells none, or 0 as some do that nobody looks at. */
export function widthOf({ columns }: { columns?: number | undefined }, otherwise = 80): number {
  return columns ? Math.max(20, columns) : otherwise
}

/** Breaks a text at blanks; a word that is longer than a line stays whole. */
export function wrap(text: string, width: number, first = '', rest = ''): string {
  const lines: string[] = []
  let line = first
  let empty = true
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line)
      line = rest
      empty = true
    }
    line += empty ? word : ` ${word}`
    empty = false
  }
  return [...lines, line].join('\n')
}

/**
 * Breaks a line that is wider than the terminal at a blank, and begins what follows with so many blanks; all others stay as
 * they are, and so does a word that is longer than a line.
 */
export function hang(line: string, width: number, indent: number): string {
  const lines: string[] = []
  let rest = line
  let from = 0
  while (rest.length > width) {
    const fitting = rest.lastIndexOf(' ', width)
    const at = fitting > from ? fitting : rest.indexOf(' ', width)
    if (at === -1) break
    lines.push(rest.slice(0, at).trimEnd())
    rest = ' '.repeat(indent) + rest.slice(at + 1)
    from = indent
  }
  return [...lines, rest].join('\n')
}

/** A word as a shell takes it: in quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w.,:/@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** `Did you mean export?` for `exprot`, or null when none of the words is near enough. */
export function didYouMean(word: string, known: readonly string[]): string | null {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= 3 && distance < 0.5 * Math.max(word.length, candidate.length))
    .toSorted((a, b) => a.distance - b.distance)
  return nearest ? `Did you mean ${nearest.candidate}?` : null
}

/** Letters to add, drop, change or swap with their neighbour to get from one word to the other. */
export function editDistance(from: string, to: string): number {
  let before: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1
      const at = (line: number[], index: number) => line[index] ?? Number.POSITIVE_INFINITY
      let best = Math.min(at(above, column) + 1, at(current, column - 1) + 1, at(above, column - 1) + same)
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        best = Math.min(best, at(before, column - 2) + 1)
      }
      current.push(best)
    }
    before = above
    above = current
  }
  return above[to.length] ?? from.length
}

/** What came, as JSON, cut where it is longer. JSON can be read at any depth, but some releases of Node cannot write it. */
export function shortJson(value: unknown, longest: number): string {
  try {
    return JSON.stringify(value).slice(0, longest)
  } catch {
    return '"nested too deeply to be kept"'
  }
}

/** `2026-01-05 12:00 UTC`. */
export function minute(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`
}
