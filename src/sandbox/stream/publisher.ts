import { hashText, mix, type Random } from '../world/random.ts'
import type { SyntheticCompany } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import { alphabetical, type EventLog, type EventMaker, type SandboxStreamName } from './event-log.ts'
import { companyEvent, eventMembers, type GivenEvent, officerEvent } from './events.ts'
import type { StreamFaultSwitch, StreamStruck } from './faults.ts'
import { isPscTold, PSC_STREAM_NAME, pscEvent, pscIdOf } from './psc-events.ts'

/** Puts events into the logs; each call returns the timepoint of its event, or of the next one where it is withheld. */
export interface Publisher {
  publish(event: GivenEvent): number
  /** Changes members of a company of the world, with an event that shows it; with no members it is only republished. */
  changeCompany(number: string, members?: Partial<SyntheticCompany>, fieldsChanged?: readonly string[]): number
  /** Tells that a company was deleted. The world keeps it. */
  deleteCompany(number: string, withData: boolean): number
  /** One event on `/officers` for each appointment of the company. */
  publishOfficers(number: string): void
  /** One event on the PSC stream for each person and body that controls the company. */
  publishPscs(number: string): void
  /**
   * Republishes `count` companies as they stand, at once and in an order that comes to each once before it comes to any
   * twice. Takes no memory however many there are. Returns the first timepoint.
   */
  burst(count: number): number
}

export interface PublisherOptions {
  world: World
  logs: Readonly<Record<SandboxStreamName, EventLog>>
  faults: StreamFaultSwitch
  random: Random
  now: () => number
  /** Called after each publication. */
  published: () => void
}

/** Makes the publisher of a world's events. */
export function createPublisher({ world, logs, faults, random, now, published }: PublisherOptions): Publisher {
  const chronicle = createChronicle(world)
  /** Whether a company is left out is decided with its first event under such a plan, and stays so. */
  const leftOut = new Map<string, boolean>()

  function isLeftOut(companyNumber: string, struck: StreamStruck): boolean {
    if (!leftOut.has(companyNumber) && faults.plans('withhold')) {
      leftOut.set(companyNumber, struck.hits('withhold') !== undefined)
    }
    return leftOut.get(companyNumber) === true
  }

  function append(stream: SandboxStreamName, resourceId: string, make: EventMaker): number {
    const log = logs[stream]
    const struck = faults.strike(resourceId)
    if (stream === 'companies' && isLeftOut(resourceId, struck)) return log.next
    if (struck.hits('renumber')) log.renumber(1)
    if (struck.hits('jump')) log.jump(random.between(1, LONGEST_JUMP))
    const timepoint = log.append(make)
    if (struck.hits('republish')) log.append(make)
    published()
    return timepoint
  }

  return {
    publish: (event) => append(event.stream ?? 'companies', event.resource_id, givenMaker(event, now())),
    changeCompany(number, members = {}, fieldsChanged = undefined) {
      const make = changedMaker(chronicle, number, now(), fieldsChanged)
      const publish = () => append('companies', number, make)
      return Object.keys(members).length === 0 ? publish() : chronicle.change(number, inOrder(members), publish)
    },
    deleteCompany: (number, withData) =>
      append('companies', number, deletedMaker(withData ? chronicle : undefined, number, now())),
    publishOfficers(number) {
      const atMs = now()
      for (const officer of world.officers(number)) {
        append('officers', officer.appointmentId, (timepoint) =>
          officerEvent(officer, { timepoint, atMs, type: 'changed' }),
        )
      }
    },
    publishPscs(number) {
      for (const psc of world.pscs(number)) {
        const atMs = now()
        if (isPscTold(psc)) append(PSC_STREAM_NAME, pscIdOf(psc), givenMaker(pscEvent(psc, 'changed', atMs), atMs))
      }
    },
    burst(count) {
      const first = logs.companies.append(burstMaker(world, chronicle, logs.companies.written, now()), count)
      published()
      return first
    },
  }
}

const LONGEST_JUMP = 5000
const BURST_TAG = hashText('burst')

/** A profile's own members may stand in any order; those of its parts are served as they are. */
function inOrder(members: Partial<SyntheticCompany>): Partial<SyntheticCompany> {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, alphabetical(member)]))
}

function givenMaker({ stream: _, event, ...given }: GivenEvent, atMs: number): EventMaker {
  const resource = { ...given, data: alphabetical(given.data) }
  return (timepoint) => ({ ...resource, event: { ...eventMembers({ timepoint, atMs, type: 'changed' }), ...event } })
}

function changedMaker(
  chronicle: Chronicle,
  number: string,
  atMs: number,
  fieldsChanged: readonly string[] | undefined,
): EventMaker {
  return (timepoint) => {
    const occasion = { timepoint, atMs, type: 'changed', fieldsChanged } as const
    return companyEvent(number, chronicle.companyAt(number, timepoint), occasion)
  }
}

/** Without a chronicle the event has no data. */
function deletedMaker(chronicle: Chronicle | undefined, number: string, atMs: number): EventMaker {
  return (timepoint) =>
    companyEvent(number, chronicle?.companyAt(number, timepoint), { timepoint, atMs, type: 'deleted' })
}

/** Companies in steps that share no factor with the world's size, so that none comes again before all have come. */
function burstMaker(world: World, chronicle: Chronicle, first: number, atMs: number): EventMaker {
  const { seed, size } = world
  if (size === 0) throw new RangeError('There is no company to tell of.')
  let step = 1 + (mix(seed, BURST_TAG) % size)
  while (commonFactor(step, size) !== 1) step += 1
  return (timepoint) => {
    const number = world.companyNumber(((timepoint - first) * step) % size)
    return companyEvent(number, chronicle.companyAt(number, timepoint), { timepoint, atMs, type: 'changed' })
  }
}

function commonFactor(left: number, right: number): number {
  return right === 0 ? left : commonFactor(right, left % right)
}

type Members = Partial<SyntheticCompany>

/** What became of companies and when, so that an event always shows its company as it was at its timepoint. */
interface Chronicle {
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
function createChronicle(world: World): Chronicle {
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
