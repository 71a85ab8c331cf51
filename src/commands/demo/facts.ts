import { basename, dirname, relative } from 'node:path'
import Table from 'cli-table3'
import type { LiveComparison } from './compare.ts'
import type { Appointed } from './runs.ts'
import type { Standings } from './standings.ts'

/** What `demo --json` prints, under these names. */
export interface DemoFacts {
  companies: number
  target: number
  companies_with_officers: number
  without_officers: number
  officers: number
  calls: number
  rate_limited: number
  /** `peak`: the most calls that one window of the sandbox counted. */
  quota: { limit: number; window_seconds: number; peak: number; peak_percent: number }
  /** Companies complete when the import was interrupted; null when it was over too soon for that. */
  interrupted_at: number | null
  /** Rows compared with the sandbox's own register, and what differs. */
  compared: { companies: number; officers: number; differences: string[] }
  /** What the stream brought and its enrichment found and paid, compared with the sandbox's Snov. */
  streamed: LiveComparison
  /** How the identities stand, by today. */
  verification: Standings
  /** Who was appointed meanwhile at a company whose list was complete: the officers stream told of it. */
  appointed?: Appointed | null
  equal_to_truth: boolean
  folder: string
  database: string
  backup: string
  csv: string[]
  /** The zip for a customer. */
  package: string
  elapsed_seconds: number
  synthetic: true
}

const WIDEST = 100
const LABEL_WIDTH = 16

/** The closing table and what to do next, with `program` as it can be typed: `chpipe`, or `npx chpipe` in a clone. */
export function renderFacts(
  facts: DemoFacts,
  { program, columns = 80 }: { program: string; columns?: number },
): string {
  const width = Math.min(columns, WIDEST)
  const table = new Table({
    colWidths: [LABEL_WIDTH, width - LABEL_WIDTH - 3],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  })
  table.push(...rows(facts))
  return `${table.toString()}
All of it is synthetic: companies, people and addresses are made up.
Nothing was asked of Companies House or Snov.io, and nothing was paid.

Look at it:
  cd ${basename(facts.folder)}
  ${program} progress --target ${facts.target}
  ${program} export | head

With a key of your own (developer.company-information.service.gov.uk):
  export COMPANIES_HOUSE_API_KEY=...
  ${program} import-companies BasicCompanyData.zip --status active
  ${program} import-officers
  ${program} stream --enrich        (with a stream key and Snov credentials)
  ${program} export --out delivery/
`
}

function rows(facts: DemoFacts): [label: string, value: string][] {
  const { quota, compared, streamed, appointed, interrupted_at: stoppedAt } = facts
  const n = (value: number) => value.toLocaleString('en-GB')
  const short = (path: string) => `./${basename(facts.folder)}/${relative(facts.folder, path)}`
  return [
    ['companies', `${n(facts.companies)} loaded from a register file in the official format`],
    [
      'with officers',
      `${n(facts.companies_with_officers)} of ${n(facts.target)} wanted (${n(facts.without_officers)} more have none)`,
    ],
    ['officers', n(facts.officers)],
    ['identities', identities(facts.verification)],
    ['API calls', `${n(facts.calls)}, of which ${n(facts.rate_limited)} were refused (429)`],
    [
      'allowance',
      `${quota.limit} calls in any ${quota.window_seconds} s; the fullest window held ${quota.peak} (${quota.peak_percent} %)`,
    ],
    [
      'interrupted',
      stoppedAt === null
        ? 'not this time: the import was over too soon'
        : `after ${n(stoppedAt)} companies, then started again: ${n(facts.companies_with_officers - stoppedAt)} more`,
    ],
    ['streamed', `${n(streamed.companies)} new companies, enriched as they came`],
    ...(appointed ? [appointedRow(appointed)] : []),
    ['domains', `${n(streamed.domains)} found, for ${n(streamed.companies)} companies`],
    ['e-mails', `${n(streamed.emails)} found, of ${n(streamed.people)} officers`],
    ['credits', credits(streamed)],
    ['checked', `${checked(compared)}\n${checkedLive(streamed)}`],
    ['CSV', `${short(dirname(facts.csv[0] ?? ''))}/: ${facts.csv.map((path) => basename(path)).join(', ')}`],
    ['package', `${short(facts.package)}: these files and report.html, a page to open in a browser`],
    [
      'database',
      `${short(facts.database)}, with a backup in ./${basename(facts.folder)}/${relative(facts.folder, dirname(facts.backup))}/`,
    ],
    ['took', `${facts.elapsed_seconds} s`],
  ]
}

function appointedRow({ company_number, name }: Appointed): [label: string, value: string] {
  return ['appointed', `${name}, at ${company_number}: told by the officers stream, without a call`]
}

function checked({ companies, officers, differences }: DemoFacts['compared']): string {
  const what = `${companies.toLocaleString('en-GB')} companies and ${officers.toLocaleString('en-GB')} officers`
  if (differences.length === 0) return `${what}: every stored row equals the sandbox's register`
  return `${what}: ${differences.length} DIFFERENCES from the sandbox's register, such as ${differences[0]}`
}

/** How many stand how, and somebody of each kind. */
function identities({ counts, examples }: Standings): string {
  const sums = Object.entries(counts).map(([state, count]) => `${count.toLocaleString('en-GB')} ${state}`)
  const people = examples.map(({ state, name, company }) => `${state}: ${name}, of ${company}`)
  return [sums.join(', '), ...people].join('\n')
}

function credits({ credits, balance, snov_calls, snov_rate_limited }: LiveComparison): string {
  return `${credits} spent, ${balance} left; ${snov_calls} calls to Snov, ${snov_rate_limited} refused (429)`
}

function checkedLive({ domains, emails, bought_twice, differences }: LiveComparison): string {
  if (differences.length > 0) return `${differences.length} DIFFERENCES from Snov, such as ${differences[0]}`
  return `${domains} domains, ${emails} e-mails and each credit: as Snov has them, ${bought_twice} bought twice`
}
