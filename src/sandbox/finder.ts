import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SyntheticCompany } from './shapes.ts'
import type { World } from './world.ts'

const COMPANIES_PER_TURN = 2000
const MOST_KEPT = 8

/** Walks a world for the numbers of companies that match, giving way to other requests, and keeps the last few results. */
export interface Finder {
  /** `key` names the search; `among` narrows the walk to candidates that are then checked by `matches`. */
  find(
    key: string,
    among: () => Iterable<string>,
    matches: (company: SyntheticCompany) => boolean,
  ): Promise<readonly string[]>
}

/** Makes a finder whose results are good until the world changes. */
export function createFinder(world: World): Finder {
  const results = new Map<string, Promise<string[]>>()

  async function walk(among: Iterable<string>, matches: (company: SyntheticCompany) => boolean): Promise<string[]> {
    const found: string[] = []
    let seenCount = 0
    for (const number of among) {
      seenCount += 1
      if (seenCount % COMPANIES_PER_TURN === 0) await nextTurn()
      const company = world.company(number)
      if (company && matches(company)) found.push(number)
    }
    return found
  }

  return {
    async find(key, among, matches) {
      const name = `${world.revision} ${key}`
      const result = results.get(name) ?? walk(among(), matches)
      results.delete(name)
      results.set(name, result)
      for (const oldest of [...results.keys()].slice(0, -MOST_KEPT)) results.delete(oldest)
      return result
    },
  }
}
