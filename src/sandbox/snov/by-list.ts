import type { Reply } from '../kit/replies.ts'
import { hashText, Random } from '../world/random.ts'
import { plainText, titleCase } from './domains.ts'
import { invalid, type Params } from './replies.ts'
import type { ListOperation, SnovOperation } from './requests.ts'
import type { TaskDraft, TaskItem } from './tasks.ts'
import type { SnovTruth } from './truth.ts'

/** The most items of one start: that there are ten is documented, what an eleventh leads to is [B]. */
export const MOST_ITEMS = 10

interface FinderRow {
  first_name: string
  last_name: string
  domain: string
}

/** Names an input in the counts of starts and charges: case, spaces and composition make no difference. */
export function snovInput(operation: SnovOperation, ...parts: string[]): string {
  return [operation, ...parts.map(plainText)].join(' ')
}

/**
 * The start of an operation by list (facts 2.1, family A), or why it is refused. The rows of its result stand in
 * another order than the request's, and an item asked for twice is looked up and charged twice [B].
 */
export function listDraft(
  operation: ListOperation,
  params: Params,
  truth: SnovTruth,
  random: Random,
): TaskDraft | Reply {
  if (operation === 'emails-by-domain-by-name') return finderDraft(params, truth, random)
  const { field, item } = LISTS[operation]
  const texts = params.list(field).filter((value) => typeof value === 'string' && value.trim() !== '')
  const complaint = complaintAbout(params.list(field), texts)
  if (complaint) return invalid(field, complaint)
  const items = texts.map((text) => item(String(text), truth))
  return draft(shuffled(items, random), { [field]: texts }, { [field]: texts })
}

const LISTS: Record<
  Exclude<ListOperation, 'emails-by-domain-by-name'>,
  { field: string; item(text: string, truth: SnovTruth): TaskItem }
> = {
  'company-domain-by-name': {
    field: 'names',
    item(name, truth) {
      const domain = truth.domainOf(name)?.domain
      return {
        input: snovInput('company-domain-by-name', name),
        credits: domain === undefined ? 0 : 1,
        // [B] the shape of a miss; faults send the other shapes.
        row: { name, result: domain === undefined ? [] : { domain } },
      }
    },
  },
  'email-verification': {
    field: 'emails',
    item(email, truth) {
      const { smtp_status, unknown_status_reason: reason, ...flags } = truth.verdictOf(email)
      return {
        input: snovInput('email-verification', email),
        // Sources contradict each other (facts 6.1): the dearest reading is one credit whatever the status.
        credits: 1,
        row: { email, result: { smtp_status, ...flags, ...(reason ? { unknown_status_reason: reason } : {}) } },
      }
    },
  },
  'li-profiles-by-urls': {
    field: 'urls',
    item(url) {
      const profile = profileOf(url)
      return {
        input: snovInput('li-profiles-by-urls', url),
        credits: profile ? 1 : 0,
        row: { url, result: profile ?? [] },
      }
    },
  },
}

function finderDraft(params: Params, truth: SnovTruth, random: Random): TaskDraft | Reply {
  const rows = params.list('rows').filter(isFinderRow)
  const complaint = complaintAbout(params.list('rows'), rows)
  if (complaint) return invalid('rows', complaint)
  const items = rows.map(({ first_name, last_name, domain }): TaskItem => {
    const found = truth.emailsOf(first_name, last_name, domain)
    return {
      input: snovInput('emails-by-domain-by-name', first_name, last_name, domain),
      credits: found.length,
      row: { people: `${first_name} ${last_name}`, result: found },
    }
  })
  return draft(
    shuffled(items, random),
    { rows: rows.map(({ first_name, last_name, domain }) => ({ first_name, last_name, domain })) },
    { rows: rows.map(({ first_name, last_name, domain }) => ({ domain, last_name, first_name })) },
  )
}

/** [B] all of it. */
function complaintAbout(given: readonly unknown[], good: readonly unknown[]): string | undefined {
  if (given.length === 0) return 'field is required'
  if (given.length > MOST_ITEMS) return `may not have more than ${MOST_ITEMS} items`
  return good.length < given.length ? 'field is invalid' : undefined
}

function draft(items: TaskItem[], echo: Record<string, unknown>, resultEcho: Record<string, unknown>): TaskDraft {
  return {
    items,
    started: (hash) => ({ data: { task_hash: hash }, meta: echo }),
    result: (hash, status, rows) => ({ status, data: rows, meta: { ...resultEcho, task_hash: hash } }),
  }
}

function isFinderRow(value: unknown): value is FinderRow {
  if (typeof value !== 'object' || value === null) return false
  const row: Partial<Record<string, unknown>> = { ...value }
  return ['first_name', 'last_name', 'domain'].every((name) => typeof row[name] === 'string' && row[name] !== '')
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const pairs = items.map((item): [number, Item] => [random.next(), item])
  return pairs.sort(([left], [right]) => left - right).map(([, item]) => item)
}

const TAG = hashText('snov profile')
const HIT_SHARE = 0.7

/** The profile behind a LinkedIn address such as `.../in/john-doe-example/`; undefined for a miss. */
function profileOf(url: string): Record<string, unknown> | undefined {
  const slug = /\/in\/([a-z0-9-]+)\/?$/i.exec(url)?.[1]?.toLowerCase()
  if (slug === undefined || !new Random(TAG, hashText(slug)).chance(HIT_SHARE)) return undefined
  const [first = '', last = ''] = titleCase(slug).split('-')
  const place = { industry: 'Internet', location: 'Leeds, England, United Kingdom', country: 'United Kingdom' }
  return {
    name: `${first} ${last}`.trim(),
    first_name: first,
    last_name: last,
    ...place,
    positions: [
      {
        name: 'Example Ltd',
        title: 'Director',
        linkedin_url: 'https://www.linkedin.com/company/1',
        url: 'https://example.com',
        industry: place.industry,
        country: place.country,
        location: place.location,
      },
    ],
  }
}
