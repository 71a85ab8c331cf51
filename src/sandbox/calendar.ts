/** The age of a register: this share of its companies is older than so many days. */
const AGES = [
  { share: 0, ago: 60_000 },
  { share: 0.02, ago: 24_000 },
  { share: 0.06, ago: 15_000 },
  { share: 0.15, ago: 9_700 },
  { share: 0.35, ago: 5_300 },
  { share: 0.6, ago: 2_700 },
  { share: 0.85, ago: 1_000 },
  { share: 0.985, ago: 14 },
  { share: 1, ago: 0 },
]

/**
 * The day on which the company at `index` of `companies` was formed. It never falls with the index (numbers are handed
 * out in order), so a range of dates is a range of indexes; 1.5 % of a register were formed in its last fortnight.
 */
export function createdDay(index: number, companies: number, today: number): number {
  const share = (index + 0.5) / companies
  let from = { share: 0, ago: 60_000 }
  for (const to of AGES) {
    if (share < to.share) {
      const part = (share - from.share) / (to.share - from.share)
      return today - Math.round(from.ago + (to.ago - from.ago) * part)
    }
    from = to
  }
  return today
}

/** The first index whose company was formed on `day` or later; `companies` when there is none. */
export function firstIndexSince(day: number, companies: number, today: number): number {
  let low = 0
  let high = companies
  while (low < high) {
    const middle = (low + high) >> 1
    if (createdDay(middle, companies, today) < day) low = middle + 1
    else high = middle
  }
  return low
}
