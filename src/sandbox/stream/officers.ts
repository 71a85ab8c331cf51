// What happens to officers of the world, told on `/officers` (facts 7.1): the list over REST and the event say the same.
import { type Random, weights } from '../world/random.ts'
import type { SyntheticOfficer, SyntheticOfficerItem } from '../world/shapes.ts'
import type { World } from '../world/world.ts'
import type { Publisher } from './publisher.ts'

/** What a `deleted` event carries: the last item, its dates as arrays; the officer's link alone; or no data at all. */
export type DeletedForm = 'data' | 'link' | 'none'

/** Each changes the world first, and returns the timepoint of its event. */
export interface OfficerHappenings {
  /** One more appointment, of somebody new; returns it. */
  appointOfficer(number: string): SyntheticOfficer
  /** Changes members of an item; with none it is only republished. */
  changeOfficer(number: string, appointmentId: string, members?: Partial<SyntheticOfficerItem>): number
  /** The register finds that the person is another one: the officer id and the person number change. */
  mergeOfficer(number: string, appointmentId: string): number
  deleteOfficer(number: string, appointmentId: string, form?: DeletedForm): number
}

/** Makes the happenings of a world's officers. */
export function createOfficerHappenings(world: World, { publish }: Publisher, random: Random): OfficerHappenings {
  const tell = ({ appointmentId, item }: SyntheticOfficer, data: object | undefined, type: 'changed' | 'deleted') =>
    publish({
      stream: 'officers',
      resource_kind: 'company-officers',
      resource_uri: item.links.self,
      resource_id: appointmentId,
      data: data && { ...data },
      event: { type },
    })

  function find(number: string, appointmentId: string): SyntheticOfficer {
    const officer = world.officers(number).find((each) => each.appointmentId === appointmentId)
    if (!officer) throw new RangeError(`There is no appointment ${appointmentId} in ${number}.`)
    return officer
  }

  function replace(number: string, changed: SyntheticOfficer): number {
    const officers = world
      .officers(number)
      .map((each) => (each.appointmentId === changed.appointmentId ? changed : each))
    world.override(number, { officers })
    return tell(changed, changed.item, 'changed')
  }

  return {
    appointOfficer(number) {
      const before = world.officers(number)
      const drawn = world.appoint(number)
      const appointmentId = random.id(27)
      const links = { ...drawn.item.links, self: `/company/${number}/appointments/${appointmentId}` }
      const newcomer = { ...drawn, appointmentId, item: { ...drawn.item, etag: random.hex(40), links } }
      world.override(number, { officers: [newcomer, ...before] })
      tell(newcomer, newcomer.item, 'changed')
      return newcomer
    },
    changeOfficer(number, appointmentId, members = {}) {
      const officer = find(number, appointmentId)
      const isRepeated = Object.keys(members).length === 0
      const item = isRepeated ? officer.item : { ...officer.item, etag: random.hex(40), ...members }
      return replace(number, { ...officer, item })
    },
    mergeOfficer(number, appointmentId) {
      const officer = find(number, appointmentId)
      const officerId = random.id(27)
      const links = { ...officer.item.links, officer: { appointments: `/officers/${officerId}/appointments` } }
      const person_number = String(random.between(100_000_000_000, 999_999_999_999))
      return replace(number, {
        ...officer,
        officerId,
        item: { ...officer.item, etag: random.hex(40), links, person_number },
      })
    },
    deleteOfficer(number, appointmentId, form = 'data') {
      const officer = find(number, appointmentId)
      const left = world.officers(number).filter((each) => each !== officer && each.appointmentId !== appointmentId)
      world.override(number, { officers: left })
      const { officer: link } = officer.item.links
      const forms = { data: withArrays(officer.item), link: { links: { officer: link } }, none: undefined }
      return tell(officer, forms[form], 'deleted')
    },
  }
}

/** The service's own writer of this event gives dates as arrays [B]. */
function withArrays(item: SyntheticOfficerItem): Record<string, unknown> {
  const dates = ['appointed_on', 'appointed_before', 'resigned_on']
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      dates.includes(name) && typeof value === 'string' ? value.split('-').map(Number) : value,
    ]),
  )
}

type Happening = (on: OfficerHappenings, number: string, officer: SyntheticOfficer) => unknown

/** Makes one thing happen to an officer of the world each time it is called. */
export function createOfficerBackground(world: World, on: OfficerHappenings, random: Random): () => void {
  const happenings = weights<Happening>([
    [(all, number, { appointmentId }) => all.changeOfficer(number, appointmentId), 20],
    [
      (all, number, { appointmentId, item }) => all.changeOfficer(number, appointmentId, resigned(item, world.today)),
      15,
    ],
    [(all, number, { appointmentId }) => all.changeOfficer(number, appointmentId, { occupation: 'Beekeeper' }), 15],
    [(all, number, { appointmentId }) => all.changeOfficer(number, appointmentId, verified(world.today)), 15],
    [(all, number, { appointmentId }) => all.mergeOfficer(number, appointmentId), 10],
    [(all, number, { appointmentId }) => all.deleteOfficer(number, appointmentId, random.pick(FORMS)), 10],
    [(all, number) => all.appointOfficer(number), 15],
  ])
  return () => {
    const number = world.companyNumber(random.below(world.size))
    // Those just formed have a script of their own.
    if (world.company(number)?.officersVisible !== undefined) return
    const officers = world.officers(number)
    if (officers.length > 0) random.weighted(happenings)(on, number, random.pick(officers))
  }
}

const FORMS: DeletedForm[] = ['data', 'link', 'none']

function resigned({ resigned_on }: SyntheticOfficerItem, today: string): Partial<SyntheticOfficerItem> {
  return { resigned_on: resigned_on ?? today }
}

function verified(today: string): Partial<SyntheticOfficerItem> {
  const open = { appointment_verification_start_on: today, appointment_verification_end_on: '9999-12-31' }
  return { identity_verification_details: open }
}

/** The members that events of 2022 had (facts 7.1). */
const EARLY_MEMBERS = [
  'address',
  'appointed_on',
  'country_of_residence',
  'date_of_birth',
  'links',
  'name',
  'nationality',
  'occupation',
  'officer_role',
  'resigned_on',
]

/** The item as an event of before November 2025 had it. */
export function earlyItem(item: Record<string, unknown>): Record<string, unknown> {
  const members = Object.entries(item).filter(([name]) => EARLY_MEMBERS.includes(name))
  const { self } = Object(item.links) as { self?: string }
  return { ...Object.fromEntries(members), links: { self } }
}
