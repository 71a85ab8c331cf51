import { isClosed } from './company-kind.ts'
import { naturalName } from './draw-person.ts'
import { appointedOrder, resignedOrder } from './officer-order.ts'
import { readInteger } from './officer-replies.ts'
import { empty, json, type Reply } from './replies.ts'
import type { SyntheticOfficer } from './shapes.ts'
import type { World } from './world.ts'

const DEFAULT_ITEMS = 35
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
