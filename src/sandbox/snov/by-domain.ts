import type { Reply } from '../kit/replies.ts'
import { hashText, Random } from '../world/random.ts'
import { snovInput } from './by-list.ts'
import { plainText } from './domains.ts'
import { invalid, type Params, unknownUrl } from './replies.ts'
import { BY_DOMAIN, type DomainOperation } from './requests.ts'
import type { TaskDraft, TaskStatus } from './tasks.ts'
import type { Prospect, SnovTruth } from './truth.ts'

const PROSPECTS_PER_PAGE = 20
const EMAILS_PER_PAGE = 50
const MOST_POSITIONS = 10
const REFERENCE_LENGTH = 104
const CURSOR_LENGTH = 112

export interface DomainDraftsOptions {
  truth: SnovTruth
  seed: number
  /** Where the sandbox listens: links point there. */
  baseUrl: () => string
  now: () => number
}

type Members = Record<string, unknown>

/** The part of a completed answer that the operation decides. */
interface Found {
  data: unknown
  meta?: Members
  links?: Members | unknown[]
}

/** Makes the starts of the operations by domain (facts 2.1, family B, and section 5); a reply is a refusal. */
export type DomainDrafts = (operation: DomainOperation, params: Params, hash: string) => TaskDraft | Reply

/** Each start costs one credit where there is anything to show, further pages included [B]. */
export function createDomainDrafts(options: DomainDraftsOptions): DomainDrafts {
  const { truth, baseUrl } = options
  const pages = createPages(options)
  const people = new Map<string, Prospect & { domain: string }>()

  return (operation, params, hash) => {
    const begin = { operation, baseUrl: baseUrl() }
    if (operation === 'search-emails') {
      const person = people.get(hash)
      return person ? searchEmails(begin, person, options) : unknownUrl()
    }
    const domain = plainText(params.text('domain'))
    if (domain === '') return invalid('domain', 'field is required')
    if (operation === 'domain-search') return domainSearch(begin, domain, truth)
    if (operation === 'prospects') {
      const remember = (person: Prospect) => {
        const { first_name, last_name } = person
        const reference = hexOf(`${first_name} ${last_name} ${domain}`, REFERENCE_LENGTH, options.seed)
        people.set(reference, { ...person, domain })
        return reference
      }
      return prospects(begin, domain, params, truth, remember)
    }
    return pages(begin, operation, domain, params.text('next'))
  }
}

interface Begin {
  operation: DomainOperation
  baseUrl: string
}

function domainSearch(begin: Begin, domain: string, truth: SnovTruth): TaskDraft {
  const { company, prospects, emails, generic } = truth.contactsOf(domain)
  const startOf = (operation: DomainOperation) => `${begin.baseUrl}${BY_DOMAIN[operation]}/start?domain=${domain}`
  const counts = {
    prospects_count: prospects.length,
    emails_count: emails.length,
    generic_contacts_count: generic.length,
  }
  const links = {
    prospects: startOf('prospects'),
    domain_emails: startOf('domain-emails'),
    generic_contacts: startOf('generic-contacts'),
  }
  // [B] the answer about an unknown domain: an empty object, which is written as [].
  const found: Found = company ? { data: company, meta: counts, links } : { data: [], meta: counts, links: [] }
  return draft(begin, snovInput('domain-search', domain), company ? 1 : 0, { domain }, found)
}

function prospects(
  begin: Begin,
  domain: string,
  params: Params,
  truth: SnovTruth,
  remember: (person: Prospect) => string,
): TaskDraft | Reply {
  const positions = params.list('positions').map(String)
  if (positions.length > MOST_POSITIONS) return invalid('positions', `may not have more than ${MOST_POSITIONS} items`)
  const page = params.text('page') === '' ? 1 : Number(params.text('page'))
  if (!(Number.isInteger(page) && page > 0)) return invalid('page', 'must be a whole number')
  const wanted = positions.map(plainText)
  const all = truth
    .contactsOf(domain)
    .prospects.filter(({ position }) => wanted.length === 0 || wanted.includes(plainText(position)))
  const data = all.slice((page - 1) * PROSPECTS_PER_PAGE, page * PROSPECTS_PER_PAGE).map((person) => ({
    ...person,
    source_page: `https://www.linkedin.com/in/example-${hexOf(`${person.first_name} ${person.last_name}`, 8, 0)}/`,
    search_emails_start: `${begin.baseUrl}${BY_DOMAIN['search-emails']}/start/${remember(person)}`,
  }))
  const filter = positions.map((position) => `&positions[]=${encodeURIComponent(position)}`).join('')
  const next = `${begin.baseUrl}${BY_DOMAIN.prospects}/start?domain=${domain}&page=${page + 1}${filter}`
  const input = snovInput('prospects', domain, String(page), ...[...wanted].sort())
  return draft(
    begin,
    input,
    data.length > 0 ? 1 : 0,
    { domain, tab: 'prospects' },
    {
      data,
      meta: { total_count: all.length },
      links: { next: page * PROSPECTS_PER_PAGE < all.length ? next : '' },
    },
    { page, positions },
  )
}

/** Domain e-mails and generic contacts, 50 a page, each page with the cursor of the next. */
function createPages({ truth, seed }: DomainDraftsOptions) {
  const cursors = new Map<string, number>()
  return (begin: Begin, operation: 'domain-emails' | 'generic-contacts', domain: string, next: string) => {
    const from = next === '' ? 0 : cursors.get(`${operation} ${domain} ${next}`)
    // [B] a cursor that was never given out.
    if (from === undefined) return invalid('next', 'field is invalid')
    const contacts = truth.contactsOf(domain)
    const all = operation === 'domain-emails' ? contacts.emails : contacts.generic
    const data = all.slice(from, from + EMAILS_PER_PAGE).map((email) => ({ email }))
    const upTo = from + data.length
    const cursor = upTo < all.length ? hexOf(`${operation} ${domain} ${upTo}`, CURSOR_LENGTH, seed) : ''
    if (cursor !== '') cursors.set(`${operation} ${domain} ${cursor}`, upTo)
    const link = `${begin.baseUrl}${BY_DOMAIN[operation]}/start?domain=${domain}&next=${cursor}`
    const tab = operation === 'domain-emails' ? 'emails' : 'service'
    const input = snovInput(operation, domain, String(from))
    const found = { data, meta: { next: cursor, total_count: all.length }, links: { next: cursor && link } }
    return draft(begin, input, data.length > 0 ? 1 : 0, { domain, tab }, found, { next })
  }
}

function searchEmails(
  begin: Begin,
  { first_name, last_name, domain }: Prospect & { domain: string },
  { truth, now }: DomainDraftsOptions,
): TaskDraft {
  const emails = truth.emailsOf(first_name, last_name, domain).map(({ email, smtp_status }) => ({ email, smtp_status }))
  const searching_date = new Date(now()).toISOString().slice(0, 19).replace('T', ' ')
  const input = snovInput('search-emails', first_name, last_name, domain)
  return draft(begin, input, emails.length > 0 ? 1 : 0, {}, { data: { searching_date, emails } })
}

/** `before` are the members of meta that stand before the hash, `after` those behind it. */
function draft(
  { operation, baseUrl }: Begin,
  input: string,
  credits: number,
  before: Members,
  found: Found,
  after: Members = {},
): TaskDraft {
  const meta = (hash: string) => ({ ...before, task_hash: hash, ...after })
  return {
    items: [{ input, credits, row: found }],
    started: (hash) => ({
      data: [],
      meta: meta(hash),
      links: { result: `${baseUrl}${BY_DOMAIN[operation]}/result/${hash}` },
    }),
    result(hash, status: TaskStatus, rows) {
      const { data, meta: more = {}, links = [] } = rows.length > 0 ? found : { data: [] }
      return { data, meta: { ...meta(hash), ...more }, links, status }
    },
  }
}

function hexOf(text: string, length: number, seed: number): string {
  return new Random(seed, hashText(text)).hex(length)
}
