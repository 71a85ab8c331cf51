// A sample that can be drawn again: the same seed picks the same items of the same list. Pure.

/** Draws `count` of the items, in their order, each as likely as any other; all of them when there are no more. */
export function randomSample<T>(items: Iterable<T>, count: number, seed: number): T[] {
  const random = seededRandom(seed)
  const kept: { place: number; item: T }[] = []
  let place = 0
  for (const item of items) {
    const slot = place < count ? place : Math.floor(random() * (place + 1))
    if (slot < count) kept[slot] = { place, item }
    place += 1
  }
  return kept.sort((left, right) => left.place - right.place).map(({ item }) => item)
}

/** Numbers from 0 to 1, by mulberry32: enough for fairness, not for secrets. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
