import type { SyntheticCompany } from '../shapes.ts'
import type { World } from '../world.ts'

type Members = Partial<SyntheticCompany>

/** What became of companies and when, so that an event always shows its company as it was at its timepoint. */
export interface Chronicle {
  /**
   * Changes a company in the world. `publish` is called afterwards and returns the timepoint from which on the change
   * shows.
   */
  change(number: string, members: Members, publish: () => number): number
  companyAt(number: string, timepoint: number): SyntheticCompany | undefined
}

interface Past {
  /** The members that ever changed, as they were before. */
  before: Members
  changes: { timepoint: number; members: Members }[]
}

/** Starts with the world as it is; only companies that change are remembered. Changes made past it show in old events too. */
export function createChronicle(world: World): Chronicle {
  const pasts = new Map<string, Past>()

  return {
    change(number, members, publish) {
      const past = pasts.get(number) ?? { before: {}, changes: [] }
      past.before = { ...membersOf(world.company(number), members), ...past.before }
      pasts.set(number, past)
      world.override(number, { profile: members })
      const timepoint = publish()
      past.changes.push({ timepoint, members })
      return timepoint
    },
    companyAt(number, timepoint) {
      const company = world.company(number)
      const past = pasts.get(number)
      if (!company || !past) return company
      const shown = past.changes.filter((change) => change.timepoint <= timepoint)
      return Object.assign({}, company, past.before, ...shown.map(({ members }) => members))
    },
  }
}

function membersOf(company: SyntheticCompany | undefined, like: Members): Members {
  const names = Object.keys(like) as (keyof SyntheticCompany)[]
  return Object.fromEntries(names.map((name) => [name, company?.[name]]))
}
