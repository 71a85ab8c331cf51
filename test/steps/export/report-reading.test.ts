import { describe, expect, test } from 'vitest'
import { datasetColumns, type Row } from '../../../src/db/dataset/columns.ts'
import { emptyPage } from '../../../src/db/dataset/dataset.ts'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import { dictionaryCsv } from '../../../src/steps/export/package.ts'
import { createPageCounter } from '../../../src/steps/export/report/count.ts'
import type { ReportData } from '../../../src/steps/export/report/figures.ts'
import { renderReport } from '../../../src/steps/export/report/render.ts'

const FILE = { name: 'companies.csv', rows: 1, bytes: 2000, sha256: 'ab'.repeat(32), holds: 'One.', columns: 27 }

/** The report about companies that were formed in these months. */
function reportOf(months: string[], more: Partial<ReportData> = {}): string {
  const counter = createPageCounter()
  const companies = months.map((month, index): Row => {
    const cells: Record<string, string> = { company_number: String(index), date_of_creation: `${month}-05` }
    return datasetColumns.companies.map(({ name }) => cells[name] ?? null)
  })
  counter.add({ ...emptyPage(), companies }, new Set())
  return renderReport({
    asOf: '2026-11-23T15:24:00.000Z',
    programVersion: '1.2.3',
    schemaVersion: 5,
    scope: [],
    since: null,
    tables: ['companies', 'officers'],
    files: [FILE],
    counts: counter.counts(),
    target: 10,
    dictionary: Object.entries(dataDictionary).map(([table, entry]) => ({ table, entry })),
    ...more,
  })
}

describe('whoever reads the report', () => {
  test('is told how a spreadsheet keeps the zeros, where there is CSV', () => {
    const report = reportOf([])
    expect(report).toContain('<section id="open"><h2>Open the files in Excel</h2>')
    expect(report).toContain('<b>Do not detect data types</b>')
    expect(report).toContain('<a href="#open">Open</a>')
    const packed = reportOf([], { files: [{ ...FILE, name: 'companies.csv.gz' }] })
    expect(packed).toContain('Unpack the file, then open an empty workbook')
    expect(packed).toContain('such as <code>companies.csv</code>')
    for (const name of ['companies.xlsx', 'companies.sqlite', 'companies.ndjson']) {
      expect(reportOf([], { files: [{ ...FILE, name }] })).not.toContain('id="open"')
    }
  })

  test('meets no word of programmers for a word that stands for something', () => {
    expect(reportOf([])).not.toMatch(/slug/i)
    expect(reportOf([])).toContain('<td data-head="Type">code word</td>')
    expect(dictionaryCsv().text).not.toMatch(/slug/i)
    expect(dictionaryCsv().text).toContain('companies,company_status,,code word,')
  })

  test('finds the pages of a print numbered, and headings with what they head', () => {
    const report = reportOf([])
    expect(report).toMatch(/@page\{[^}]*@bottom-right\{content:"Page " counter\(page\) " of " counter\(pages\)/)
    expect(report).toMatch(/@media print\{[\s\S]*h2,h3,h2\+p,h3\+p,[^{]*thead\{break-after:avoid\}/)
  })
})

describe('companies over time', () => {
  const labels = (report: string) => [...report.matchAll(/<text [^>]*>([^<]+)<\/text>/g)].map(([, label]) => label)
  const bars = (report: string) => report.match(/<rect class="fill" x=/g)?.length ?? 0

  test('of one month are a sentence, not a chart of one column', () => {
    const report = reportOf(['2026-10', '2026-10'])
    expect(report).toContain('2 companies were formed in <strong>October 2026</strong>: all that are here.')
    expect(bars(report)).toBe(0)
  })

  test('of one month, and one without a day, say so', () => {
    const report = reportOf(['2026-10', 'unknown'])
    expect(report).toContain('1 company was formed in <strong>October 2026</strong>. 1 company has no date of creation')
  })

  test('of a year are twelve columns with few names, the newest at the end of the axis', () => {
    const report = reportOf(['2026-01', '2026-11'])
    expect([bars(report), labels(report)]).toEqual([12, ['Feb 2026', 'May 2026', 'Aug 2026', 'Nov 2026']])
    expect(report).toContain('<text x="100%" y="100%" dy="1.45em" text-anchor="end">Nov 2026</text>')
  })

  test.each([
    [5, 5],
    [9, 5],
    [20, 4],
    [40, 4],
    [130, 4],
  ])('of %d years have %d names under the years', (years, names) => {
    const report = reportOf(Array.from({ length: years }, (_, index) => `${2026 - index}-03`))
    const [, below = ''] = report.split('id="by-year"')
    expect(labels(below.split('</svg>')[0] ?? '')).toHaveLength(names)
  })
})
