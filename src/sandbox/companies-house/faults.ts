import * as kit from '../kit/faults.ts'
import { hashText, type Random } from '../world/random.ts'
import type { Route } from './requests.ts'

/** Every way in which the sandbox can misbehave, and what the caller then sees. */
export const FAULTS = {
  '500': 'the documented JSON error, counted against the allowance',
  '502': 'HTML of the gateway, not counted; slow with a delay',
  '503': 'HTML of the gateway, not counted; slow with a delay',
  '504': 'HTML of the gateway, not counted; slow with a delay',
  outage: 'the gateway answers 503 to everything',
  '403': 'the limit per IP address: an empty 403',
  '204': 'no content, instead of any answer',
  '302': 'a redirect to a sign-in page, instead of any answer',
  '400': 'a 400 with a web page, instead of any answer',
  '410': 'a 410 with a web page, instead of any answer',
  '451': 'a 451 with a web page, instead of any answer',
  html404: "a 404 with a web page, which is not the service's own",
  '429': 'a 429 although the allowance is not used up',
  reset: 'the connection is reset before any answer',
  'reset-mid-body': 'the connection is reset half-way through the body',
  truncated: 'a 200 whose JSON text ends too early',
  garbage: 'a 200 whose body is not JSON',
  html: 'a 200 whose body is a web page',
  slow: 'the right answer, late (5 s unless a delay is given)',
  hang: 'no answer at all, on an open connection',
  '404': 'officers: an empty 404, as while the company-metrics record is missing',
  legacy404: 'the 404s of before 2023: no officers, and the old body for an unknown company',
  'not-a-list': 'a 200 with other JSON: nothing, an error, null for the items, or no items although some are counted',
  emptied: 'officers: an empty list of nobody, in place of any list',
  totals: 'officers: the totals disagree with the items',
  repeat: 'start_index is ignored: every page is the first',
  'no-rate-headers': 'an answer without the four rate headers',
  'odd-items': 'officers: items without name, with unknown roles, wrong types, nulls and unknown members',
  'no-links': 'officers: items without links.self',
  shift: 'officers: an appointment is added while somebody pages',
  huge: 'a body of more than 16 MB',
  nulls: 'null for every member that is absent',
  'escape-codes': 'terminal escape codes in names',
  unsorted: 'searches: another order each time',
} as const

export type FaultName = keyof typeof FAULTS

/** One fault and when it strikes; `companies`: only calls about these. */
type FaultRule = kit.FaultRule<FaultName, { companies: readonly string[] }>

export type FaultPlan = readonly FaultRule[]

/** Reads a plan such as `500:0.2,reset:0.05,outage:10s,404:2x:@00445790,slow:~2s`; an empty text is no fault at all. */
export function parseFaults(text: string): FaultPlan {
  return kit.parseFaultPlan(text, {
    faults: FAULTS,
    noun: 'fault',
    listed: 'The faults',
    targets: 'companies (@00445790+SC123456)',
    readTarget: (companies) => (companies.every((number) => /^\w+$/.test(number)) ? { companies } : undefined),
  })
}

export type RestStruck = kit.Struck<FaultName>
export type RestFaultSwitch = kit.FaultSwitch<FaultRule, string | undefined>

/** The plan of a service; what it strikes is a call about a company, or about none. */
export function createRestFaultSwitch(random: Random, now: () => number): RestFaultSwitch {
  return kit.createFaultSwitch<FaultRule, string | undefined>(
    random,
    now,
    ({ companies }, number) => !companies || (number !== undefined && companies.includes(number)),
  )
}

type Members = Record<string, unknown>

/** Alters a good JSON answer, or returns the same value when the fault does not concern it. */
type Alteration = (value: Members, route: Route) => Members

const RED = '\u001b[31m'
const TITLE = '\u001b]0;chpipe\u0007'
const HUGE_BYTES = 17 * 1024 * 1024

const ALTERATIONS: readonly (readonly [FaultName, Alteration])[] = [
  ['emptied', (value, { kind }) => (kind === 'officers' && Array.isArray(value.items) ? emptied(value) : value)],
  ['not-a-list', (_value, { path }) => nonsense(path)],
  ['totals', forOfficers(disagree)],
  ['no-links', forOfficers((list) => ({ ...list, items: itemsOf(list).map(withoutSelf) }))],
  ['nulls', withNulls],
  ['escape-codes', withEscapes],
  ['odd-items', forOfficers(withOddItems)],
  ['huge', (value) => ({ ...value, padding: 'x'.repeat(HUGE_BYTES) })],
]

/** Applies the struck faults that change what a JSON answer says. */
export function alterPayload(value: unknown, struck: RestStruck, route: Route): unknown {
  if (!isMembers(value)) return value
  let altered = value
  for (const [name, alteration] of ALTERATIONS) {
    if (!struck.has(name)) continue
    const next = alteration(altered, route)
    if (next !== altered && struck.hits(name)) altered = next
  }
  return altered
}

function forOfficers(alteration: Alteration): Alteration {
  return (value, route) => (route.kind === 'officers' && itemsOf(value).length > 0 ? alteration(value, route) : value)
}

function emptied(list: Members): Members {
  const nobody = { active_count: 0, inactive_count: 0, resigned_count: 0, total_results: 0 }
  return { ...list, ...nobody, items: [], links: {}, etag: '' }
}

/** What comes depends on the path, so that one company always gets the same and several get all kinds. */
function nonsense(path: string): Members {
  const kinds: Members[] = [
    {},
    { error: 'Internal server error', type: 'ch:service' },
    { errors: [{ type: 'ch:service', error: 'internal-error' }] },
    { message: 'Service Unavailable' },
    { items: null, total_results: 3 },
    { items: [], total_results: 7, active_count: 7 },
  ]
  return kinds[hashText(path) % kinds.length] ?? {}
}

/** The counts come from a service of their own (facts 1.5): half the time they know of less, half of more. */
function disagree(list: Members): Members {
  const difference = itemsOf(list).length % 2 === 0 ? 3 : -1
  return {
    ...list,
    active_count: Math.max(0, Number(list.active_count) + difference),
    total_results: Math.max(0, Number(list.total_results) + difference),
  }
}

/** Which oddity comes first depends on the company, so that short lists show all of them too. */
function withOddItems(list: Members, { path }: Route): Members {
  const first = hashText(path)
  return { ...list, items: itemsOf(list).map((item, at) => odd(item, first + at)) }
}

function odd(item: Members, at: number): unknown {
  const { name: _, ...nameless } = item
  const oddities: unknown[] = [
    nameless,
    { ...item, officer_role: 'chief-vibes-officer' },
    { ...item, appointed_on: 19_990_101, date_of_birth: '1970', name: ['SMITH', 'Jo'] },
    null,
    {
      ...item,
      favourite_colour: 'red',
      address: { ...(isMembers(item.address) ? item.address : {}), planet: 'Earth' },
    },
  ]
  return oddities[at % oddities.length]
}

/** As older items were: with the officer's link alone. */
function withoutSelf(item: Members): Members {
  const { self: _, ...links } = isMembers(item.links) ? item.links : {}
  return { ...item, links }
}

const OPTIONAL_ITEM = [
  'appointed_on',
  'resigned_on',
  'nationality',
  'occupation',
  'country_of_residence',
  'date_of_birth',
]
const OPTIONAL_MORE = [
  'former_names',
  'identification',
  'person_number',
  'identity_verification_details',
  'responsibilities',
]
const OPTIONAL_PROFILE = [
  'company_status',
  'company_status_detail',
  'date_of_creation',
  'date_of_cessation',
  'sic_codes',
]
const OPTIONAL_PARTS = [
  'accounts',
  'confirmation_statement',
  'previous_company_names',
  'registered_office_address',
  'jurisdiction',
]
const OPTIONAL_ADDRESS = [
  'address_line_2',
  'care_of',
  'country',
  'locality',
  'po_box',
  'postal_code',
  'premises',
  'region',
]

function withNulls(value: Members, { kind }: Route): Members {
  if (kind === 'profile')
    return addressNulls(nulls(value, [...OPTIONAL_PROFILE, ...OPTIONAL_PARTS]), 'registered_office_address')
  if (itemsOf(value).length === 0) return value
  const optional =
    kind === 'officers' || kind === 'appointments' ? [...OPTIONAL_ITEM, ...OPTIONAL_MORE] : OPTIONAL_PROFILE
  return { ...value, items: itemsOf(value).map((item) => addressNulls(nulls(item, optional), 'address')) }
}

function addressNulls(value: Members, name: string): Members {
  const address = value[name]
  return isMembers(address) ? { ...value, [name]: nulls(address, OPTIONAL_ADDRESS) } : value
}

function nulls(value: Members, names: readonly string[]): Members {
  const missing = names.filter((name) => value[name] === undefined)
  return { ...value, ...Object.fromEntries(missing.map((name) => [name, null])) }
}

function withEscapes(value: Members): Members {
  if (typeof value.company_name === 'string') return { ...value, company_name: coloured(value.company_name) }
  if (itemsOf(value).length === 0) return value
  const items = itemsOf(value).map((item) => ({
    ...item,
    ...Object.fromEntries(
      ['name', 'title', 'company_name', 'occupation']
        .filter((name) => typeof item[name] === 'string')
        .map((name) => [name, coloured(String(item[name]))]),
    ),
  }))
  return { ...value, items }
}

function coloured(text: string): string {
  return `${RED}${text}${TITLE}\u009b2J\r\n`
}

function itemsOf(value: Members): Members[] {
  return Array.isArray(value.items) ? value.items.filter(isMembers) : []
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
