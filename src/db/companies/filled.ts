// Rows of which most is absent: the values that are there, and which columns they are of. Pure.

export type Value = string | number | null

export interface Filled {
  /** The same for all rows with values in the same columns. */
  readonly key: string
  /** Those values, in the order of the columns. */
  readonly values: readonly (string | number)[]
}

/** Bits of a key's character, each for a column; none of these characters is escaped in JSON. */
const BITS = 5
const FIRST = '0'.charCodeAt(0)

/** What is there of `columns`. */
export function filledOf(columns: readonly string[], row: Readonly<Record<string, Value | undefined>>): Filled {
  const values: (string | number)[] = []
  let key = ''
  for (let from = 0; from < columns.length; from += BITS) {
    let bits = 0
    for (let at = from; at < from + BITS && at < columns.length; at += 1) {
      const value = row[columns[at] as string] ?? null
      if (value === null) continue
      values.push(value)
      bits |= 1 << (at - from)
    }
    key += String.fromCharCode(FIRST + bits)
  }
  return { key, values }
}

/** Whether rows with this key have a value in the column at this place. */
export function isFilled(key: string, at: number): boolean {
  return ((key.charCodeAt(Math.floor(at / BITS)) - FIRST) & (1 << (at % BITS))) !== 0
}

/** The value of each of so many columns, null where there is none. */
export function unfilled({ key, values }: Filled, columns: number): Value[] {
  let next = 0
  return Array.from({ length: columns }, (_, at) => {
    if (!isFilled(key, at)) return null
    next += 1
    return values[next - 1] ?? null
  })
}
