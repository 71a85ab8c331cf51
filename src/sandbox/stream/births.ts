import { type Random, weights } from '../world/random.ts'
import type { SyntheticCompany } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import { drawChange } from './events.ts'
import type { Publisher } from './publisher.ts'

/** How long a new company's officers cannot be had, in real time. */
export interface OfficersRace {
  /** From the first event until officers are linked; the list is empty meanwhile (200). */
  linkMs: number
  /** From then until the company-metrics record is there; the list answers 404 meanwhile. */
  metricsMs: number
}

export interface NewCompany {
  /** The day of its formation, `YYYY-MM-DD`; the world's today unless given. */
  on?: string | undefined
  /** One to three, drawn, unless given. */
  officerCount?: number | undefined
  race?: OfficersRace | undefined
}

export interface Births {
  /** Forms a company in the world and reports it as the register does, step by step; returns it as it will be. */
  bear(company?: NewCompany): SyntheticCompany
  /** Leaves those under way as they are. */
  stop(): void
}

const OFFICER_COUNTS = weights([
  [1, 60],
  [2, 28],
  [3, 12],
])

/**
 * New companies come by the register's script (facts 3.7, 1.5): an event with no link but its own, then one on each
 * link's PATCH. Officers are empty (200) until they are linked, then 404 until the metrics are there, then listed.
 */
export function createBirths(world: World, publisher: Publisher, random: Random, usualRace: OfficersRace): Births {
  const timers = new Set<NodeJS.Timeout>()

  function after(ms: number, act: () => void): void {
    if (ms <= 0) act()
    else {
      const timer = setTimeout(() => {
        timers.delete(timer)
        act()
      }, ms)
      timers.add(timer)
    }
  }

  function link(number: string, name: string, target: string): void {
    const links = { ...world.company(number)?.links, [name]: target }
    publisher.changeCompany(number, { links, etag: random.hex(40) }, random.chance(0.3) ? [`links.${name}`] : undefined)
  }

  return {
    bear({ on, officerCount = random.weighted(OFFICER_COUNTS), race = usualRace } = {}) {
      const company = world.incorporate(on, officerCount)
      const { company_number: number, links } = company
      const { self = '', officers, ...others } = links
      world.override(number, { profile: { links: { self }, officersVisible: 'empty' } })
      publisher.changeCompany(number)
      after(race.linkMs / 2, () => {
        for (const [name, target] of Object.entries(others)) link(number, name, target)
      })
      after(race.linkMs, () => {
        if (officers === undefined) return
        world.override(number, { profile: { officersVisible: 'missing' } })
        link(number, 'officers', officers)
        publisher.publishOfficers(number)
        publisher.publishPscs(number)
      })
      after(race.linkMs + race.metricsMs, () => world.override(number, { profile: { officersVisible: undefined } }))
      return company
    },
    stop() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}

/** Makes one thing happen to a company of the world each time it is called: a change, a republication, a deletion. */
export function createBackground(world: World, publisher: Publisher, random: Random): () => void {
  const deleted = new Set<string>()
  return () => {
    const index = random.below(world.size)
    const company = world.company(world.companyNumber(index))
    // Nothing more happens to what is gone, and those just formed have a script of their own.
    if (!company || deleted.has(company.company_number) || company.officersVisible !== undefined) return
    const { company_number: number } = company
    const change = drawChange(random, company, { seed: world.seed, index, today: world.today })
    switch (change.kind) {
      case 'changed':
        publisher.changeCompany(number, change.members, change.fieldsChanged)
        break
      case 'republished':
        publisher.changeCompany(number)
        break
      case 'deleted':
        deleted.add(number)
        publisher.deleteCompany(number, change.withData)
    }
  }
}
