import { empty, json, type Reply } from '../kit/replies.ts'
import { isClosed } from '../world/kinds.ts'
import { appointedOrder, resignedOrder, surnameOrder } from '../world/officers.ts'
import { naturalName } from '../world/people.ts'
import type { SyntheticOfficer } from '../world/shapes.ts'
import type { World } from '../world/world.ts'

const DEFAULT_ITEMS = 35

const ORDERS: Record<string, (left: SyntheticOfficer, right: SyntheticOfficer) => number> = {
  appointed_on: appointedOrder,
  resigned_on: resignedOrder,
  surname: surnameOrder,
}

/** Roles by register; limited partners are filed with the LLP members. */
const REGISTERS: Record<string, RegExp> = {
  directors: /^(corporate-)?(nominee-)?director$/,
  secretaries: /^(corporate-)?(nominee-)?secretary$/,
  llp_members: /^(corporate-)?llp-(designated-)?member$|^(corporate-)?limited-partner-in-a-limited-partnership$/,
}

interface OfficersQuery {
  startIndex: number
  itemsPerPage: number
  order: ((left: SyntheticOfficer, right: SyntheticOfficer) => number) | undefined
  activeOnly: boolean
  /** A register, when its view is asked for. */
  register: string | undefined
}

/** `GET /company/{n}/officers` (facts 1.5). `pageCap` is the cap that stands in front of the service. */
export function officersReply(world: World, number: string, query: URLSearchParams, pageCap: number): Reply {
  const wanted = readQuery(query, pageCap)
  if (wanted === undefined) return empty(400)
  // [B] MongoDB refuses to skip a negative number.
  if (wanted.startIndex < 0) return empty(500)
  const visible = world.company(number)?.officersVisible
  const all = visible === 'empty' ? [] : world.officers(number)
  const chosen = choose(all, wanted)
  const page = chosen.slice(wanted.startIndex, wanted.startIndex + wanted.itemsPerPage)
  if (page[0] === undefined) return json(emptyList(wanted))
  if (visible === 'missing') return empty(404)
  if (wanted.register !== undefined && !holdsRegister(world, number)) return empty(404)
  const counts = countsOf(world, number, all, wanted, chosen.length)
  return json({
    active_count: counts.active,
    etag: page[0].item.etag,
    inactive_count: counts.inactive,
    items: page.map((officer) => officer.item),
    items_per_page: wanted.itemsPerPage,
    kind: 'officer-list',
    links: { self: `/company/${number}/officers` },
    resigned_count: counts.resigned,
    start_index: wanted.startIndex,
    total_results: counts.total,
  })
}

/** Undefined for what the service answers with an empty 400. */
function readQuery(query: URLSearchParams, pageCap: number): OfficersQuery | undefined {
  const startIndex = readInteger(query, 'start_index', 0)
  const asked = readInteger(query, 'items_per_page', DEFAULT_ITEMS)
  const orderBy = query.get('order_by')
  const filter = query.get('filter')?.trim() ?? ''
  const view = query.get('register_view') ?? 'false'
  const register = query.get('register_type') ?? ''
  const refused =
    startIndex === undefined ||
    asked === undefined ||
    (orderBy !== null && !Object.hasOwn(ORDERS, orderBy)) ||
    (filter !== '' && filter !== 'active') ||
    !['true', 'false', ''].includes(view) ||
    (view === 'true' && !Object.hasOwn(REGISTERS, register))
  if (refused) return undefined
  return {
    startIndex,
    // [B] to MongoDB a limit of 0 means no limit and a negative one its absolute value; the cap is echoed like any value.
    itemsPerPage: asked === 0 ? pageCap : Math.min(Math.abs(asked), pageCap),
    order: orderBy === null ? undefined : ORDERS[orderBy],
    activeOnly: filter === 'active',
    register: view === 'true' ? register : undefined,
  }
}

function holdsRegister(world: World, number: string): boolean {
  return world.company(number)?.links.registers !== undefined
}

function choose(officers: readonly SyntheticOfficer[], query: OfficersQuery): SyntheticOfficer[] {
  const { order, activeOnly, register } = query
  const roles = register === undefined ? undefined : REGISTERS[register]
  const chosen = officers.filter(
    ({ item }) =>
      (item.resigned_on === undefined || !(activeOnly || roles)) &&
      (roles === undefined || roles.test(item.officer_role)),
  )
  return order === undefined ? chosen : chosen.sort(order)
}

/** Unknown company, no officers or past the end: a 200 that also resets the totals. */
function emptyList({ startIndex, itemsPerPage }: OfficersQuery): Record<string, unknown> {
  return {
    active_count: 0,
    etag: '',
    inactive_count: 0,
    items: [],
    items_per_page: itemsPerPage,
    kind: 'officer-list',
    links: {},
    resigned_count: 0,
    start_index: startIndex,
    total_results: 0,
  }
}

interface Counts {
  active: number
  /** Absent in a register's view. */
  inactive?: number
  resigned: number
  total: number
}

function countsOf(
  world: World,
  number: string,
  officers: readonly SyntheticOfficer[],
  { activeOnly, register }: OfficersQuery,
  chosenCount: number,
): Counts {
  if (register !== undefined) return { active: chosenCount, resigned: 0, total: chosenCount }
  const serving = officers.filter(({ item }) => item.resigned_on === undefined).length
  const closed = ['dissolved', 'closed', 'converted-closed'].includes(world.company(number)?.company_status ?? '')
  return {
    active: closed ? 0 : serving,
    inactive: closed ? serving : 0,
    resigned: officers.length - serving,
    total: activeOnly ? serving : officers.length,
  }
}

/** Undefined when the parameter is there and no whole number. */
export function readInteger(query: URLSearchParams, name: string, absent: number): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return absent
  return /^[+-]?\d{1,9}$/.test(text) ? Number(text) : undefined
}

const MOST_ITEMS = 50

type Appointment = [number: string, officer: SyntheticOfficer]

/** `GET /officers/{id}/appointments` (facts 1.6): at most 50 a page, those in office first. */
export function appointmentsReply(world: World, officerId: string, query: URLSearchParams): Reply {
  const start = readInteger(query, 'start_index', 0)
  const asked = readInteger(query, 'items_per_page', DEFAULT_ITEMS)
  const filter = query.get('filter')?.trim() ?? ''
  if (start === undefined || asked === undefined || (filter !== '' && filter !== 'active')) return empty(400)
  const itemsPerPage = Math.min(Math.abs(asked) || DEFAULT_ITEMS, MOST_ITEMS)
  const startIndex = Math.abs(start)

  const all = world.appointments(officerId)
  const serving = all.filter(([, { item }]) => item.resigned_on === undefined)
  const active = serving.filter(([number]) => !isClosed(world.company(number)?.company_status))
  const resigned = all.filter(([, { item }]) => item.resigned_on !== undefined)
  const chosen =
    filter === 'active' ? active.sort(newestFirst) : [...serving.sort(newestFirst), ...resigned.sort(lastResigned)]
  const page = chosen.slice(startIndex, startIndex + itemsPerPage)
  const first = chosen[0]?.[1]
  // [B] past the end there is nothing to be found either.
  if (first === undefined || page.length === 0) return empty(404)
  return json({
    active_count: active.length,
    ...(first.item.date_of_birth ? { date_of_birth: first.item.date_of_birth } : {}),
    etag: first.item.etag,
    inactive_count: serving.length - active.length,
    is_corporate_officer: first.corporateName !== undefined,
    items: page.map((appointment) => appointmentItem(world, appointment)),
    items_per_page: itemsPerPage,
    kind: 'personal-appointment',
    links: { self: `/officers/${officerId}/appointments` },
    name: fullName(first),
    resigned_count: resigned.length,
    start_index: startIndex,
    total_results: chosen.length,
  })
}

function newestFirst([, left]: Appointment, [, right]: Appointment): number {
  return appointedOrder(left, right)
}

function lastResigned([, left]: Appointment, [, right]: Appointment): number {
  return resignedOrder(left, right)
}

function fullName({ corporateName, nameElements }: SyntheticOfficer): string {
  return corporateName ?? naturalName(nameElements ?? {})
}

function appointmentItem(world: World, [number, officer]: Appointment): Record<string, unknown> {
  const { etag: _, links: __, person_number: ___, ...item } = officer.item
  const company = world.company(number)
  return {
    ...item,
    appointed_to: {
      company_name: company?.company_name,
      company_number: number,
      company_status: company?.company_status,
    },
    links: { company: `/company/${number}` },
    name: fullName(officer),
    ...(officer.nameElements ? { name_elements: officer.nameElements } : {}),
  }
}
