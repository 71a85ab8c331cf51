/** How often each name came; `distinct` bounds its memory, whatever the data holds. */
export interface Tally {
  add(name: string): void
  /** Most frequent first, then by name. */
  entries(): Count[]
}

export interface Count {
  name: string
  count: number
}

const OTHER = 'Others'

/** Counts up to `distinct` names one by one; whatever name comes after that counts as `Others`. */
export function createTally(distinct = 200): Tally {
  const counts = new Map<string, number>()
  return {
    add(name) {
      const known = counts.has(name) || counts.size < distinct ? name : OTHER
      counts.set(known, (counts.get(known) ?? 0) + 1)
    },
    entries: () =>
      [...counts]
        .map(([name, count]) => ({ name, count }))
        .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
  }
}
