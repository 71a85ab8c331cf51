// Who shares the event loop: long answers work in slices, one slice at a time, and requests that have just come are heard
// between any two.

export interface Turns {
  /** Resolves when it is the caller's turn to work for some milliseconds; pages go before streams. */
  next(kind: 'page' | 'stream'): Promise<void>
}

/** Gives turns in the order in which they were asked for, one in each round of the event loop. */
export function createTurns(): Turns {
  const waiting = { page: [] as (() => void)[], stream: [] as (() => void)[] }
  let isGiving = false
  const give = () => {
    const first = waiting.page.shift() ?? waiting.stream.shift()
    isGiving = first !== undefined
    if (!first) return
    first()
    setImmediate(give)
  }
  return {
    next: (kind) =>
      new Promise((begin) => {
        waiting[kind].push(begin)
        if (isGiving) return
        isGiving = true
        setImmediate(give)
      }),
  }
}

/** Counts what each name has open: a function that takes a place and gives it back, or null when all are taken. */
export function createPlaces(most: number): (name: string) => (() => void) | null {
  const taken = new Map<string, number>()
  return (name) => {
    const count = taken.get(name) ?? 0
    if (count >= most) return null
    taken.set(name, count + 1)
    let isFree = false
    return () => {
      if (isFree) return
      isFree = true
      const left = (taken.get(name) ?? 1) - 1
      if (left > 0) taken.set(name, left)
      else taken.delete(name)
    }
  }
}
