import { basename, relative } from 'node:path'
import Table from 'cli-table3'

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
  equal_to_truth: boolean
  folder: string
  database: string
  csv: string[]
  elapsed_seconds: number
  synthetic: true
}

const WIDEST = 100
const LABEL_WIDTH = 16

/** The closing table and what to do next. */
export function renderFacts(facts: DemoFacts, columns = 80): string {
  const width = Math.min(columns, WIDEST)
  const table = new Table({
    colWidths: [LABEL_WIDTH, width - LABEL_WIDTH - 3],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  })
  table.push(...rows(facts))
  return `${table.toString()}
All of it is synthetic: companies, people and addresses are made up.
Nothing was asked of Companies House.

Look at it:
  cd ${basename(facts.folder)}
  chpipe progress --target ${facts.target}
  chpipe export | head

With a key of your own (developer.company-information.service.gov.uk):
  export COMPANIES_HOUSE_API_KEY=...
  chpipe import-companies BasicCompanyData.zip --status active
  chpipe import-officers
  chpipe export --out delivery/
(In a clone, npm link puts chpipe on your PATH.)
`
}

function rows(facts: DemoFacts): [label: string, value: string][] {
  const { quota, compared, interrupted_at: stoppedAt } = facts
  const n = (value: number) => value.toLocaleString('en-GB')
  const short = (path: string) => `./${basename(facts.folder)}/${relative(facts.folder, path)}`
  return [
    ['companies', `${n(facts.companies)} loaded from a register file in the official format`],
    [
      'with officers',
      `${n(facts.companies_with_officers)} of ${n(facts.target)} wanted (${n(facts.without_officers)} more have none)`,
    ],
    ['officers', n(facts.officers)],
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
    ['checked', checked(compared)],
    ['CSV', facts.csv.map(short).join('\n')],
    ['database', short(facts.database)],
    ['took', `${facts.elapsed_seconds} s`],
  ]
}

function checked({ companies, officers, differences }: DemoFacts['compared']): string {
  const what = `${companies.toLocaleString('en-GB')} companies and ${officers.toLocaleString('en-GB')} officers`
  if (differences.length === 0) return `${what}: every stored row equals the sandbox's register`
  return `${what}: ${differences.length} DIFFERENCES from the sandbox's register, such as ${differences[0]}`
}
