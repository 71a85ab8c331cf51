import { type Db, snapshot } from './open.ts'

/** Which companies are stored, in eight bytes each: the register has millions. */
export interface KnownCompanies {
  has(companyNumber: string): boolean
}

/** Reads the numbers of all companies that are stored now. */
export function readKnownCompanies(db: Db): KnownCompanies {
  const keys = snapshot(db, () => {
    const count = Number(db.$client.prepare('SELECT count(*) FROM companies').pluck().get())
    const found = new Float64Array(count)
    const numbers = db.$client.prepare<[], string>('SELECT company_number FROM companies ORDER BY 1').pluck()
    let at = 0
    for (const number of numbers.iterate()) {
      found[at] = keyOf(number)
      at += 1
    }
    return found
  })
  return { has: (companyNumber) => contains(keys, keyOf(companyNumber)) }
}

/** Eight letters and digits in the order of their text: a whole number below 36 to the power of eight. */
function keyOf(companyNumber: string): number {
  return Number.parseInt(companyNumber, 36)
}

function contains(sorted: Float64Array, key: number): boolean {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? key) < key) low = middle + 1
    else high = middle
  }
  return sorted[low] === key
}
