// Company numbers as the row ids of the index of names, which sort as the numbers do.

const LENGTH = 8
const FIRST = 0x1f
const BASE = 66

/** Company numbers are up to eight capitals and digits; anything else is not found by the index. */
export function isIndexable(number: string): boolean {
  return /^[ -_]{1,8}$/.test(number)
}

/** A number as an integer that sorts as it does: eight digits of base 66, below 2^53. */
export function rowIdOf(number: string): number {
  let id = 0
  for (let index = 0; index < LENGTH; index += 1) {
    const digit = index < number.length ? number.charCodeAt(index) - FIRST : 0
    id = id * BASE + Math.min(Math.max(digit, 0), BASE - 1)
  }
  return id
}

/** The number of a row id. */
export function numberOfRowId(id: number): string {
  let [rest, number] = [id, '']
  for (let index = 0; index < LENGTH; index += 1) {
    const digit = rest % BASE
    if (digit > 0) number = String.fromCharCode(digit + FIRST) + number
    rest = Math.floor(rest / BASE)
  }
  return number
}
