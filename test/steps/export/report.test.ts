import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Page } from '../../../src/db/dataset/columns.ts'
import { type Column, datasetColumns, type Row } from '../../../src/db/dataset/columns.ts'
import { emptyPage } from '../../../src/db/dataset/dataset.ts'
import { dataDictionary } from '../../../src/db/dataset/dictionary.ts'
import { share, size } from '../../../src/steps/export/report/charts.ts'
import { createPageCounter } from '../../../src/steps/export/report/count.ts'
import { creationSeries, type ReportData } from '../../../src/steps/export/report/figures.ts'
import { escapeHtml } from '../../../src/steps/export/report/html.ts'
import { ABROAD, NO_REGION, regionOf, sicSection } from '../../../src/steps/export/report/places.ts'
import { renderReport } from '../../../src/steps/export/report/render.ts'
import { createTally } from '../../../src/steps/export/report/tally.ts'

const AS_OF = '2026-11-23T15:24:00.000Z'

function row(columns: Column[], cells: Record<string, string | number>): Row {
  return columns.map(({ name }) => cells[name] ?? null)
}

const company = (number: string, cells: Record<string, string | number> = {}) =>
  row(datasetColumns.companies, { company_number: number, company_name: `${number} LTD`, ...cells })
const officer = (number: string, id: string, cells: Record<string, string | number> = {}) =>
  row(datasetColumns.officers, { company_number: number, appointment_id: id, officer_role: 'director', ...cells })
const domain = (number: string, name: string, confidence: number) =>
  row(datasetColumns.domains, { company_number: number, domain: name, confidence })
const email = (number: string, id: string, status: string) =>
  row(datasetColumns.emails, { company_number: number, appointment_id: id, email: `${id}@x.example`, status })

function counted(pages: Partial<Page>[], lookedUp: string[] = []) {
  const counter = createPageCounter()
  for (const page of pages) {
    counter.add({ ...emptyPage(), ...page }, new Set(lookedUp))
  }
  return counter.counts()
}

function report(pages: Partial<Page>[] = [], more: Partial<ReportData> = {}): string {
  return renderReport({
    asOf: AS_OF,
    programVersion: '1.2.3',
    schemaVersion: 5,
    scope: ['Everything.'],
    since: null,
    tables: ['companies', 'officers', 'domains', 'emails'],
    files: [{ name: 'companies.csv', rows: 1, bytes: 2000, sha256: 'ab'.repeat(32), holds: 'One.', columns: 27 }],
    counts: counted(pages),
    target: 10_000,
    dictionary: Object.entries(dataDictionary).map(([table, entry]) => ({ table, entry })),
    ...more,
  })
}

describe('the counts', () => {
  test('of companies and officers add up over pages', () => {
    const counts = counted([
      {
        companies: [
          company('1', {
            type: 'ltd',
            date_of_creation: '2026-10-02',
            sic_codes: '62012,62020,01110',
            postal_code: 'n1 9gu',
          }),
          company('2', {
            type: 'ltd',
            company_status: 'active',
            date_of_creation: '2026-09-30',
            sic_codes: '7499',
          }),
        ],
        officers: [officer('1', 'a'), officer('1', 'b', { resigned_on: '2020-01-01', officer_role: 'secretary' })],
      },
      { companies: [company('3', { type: 'plc', date_of_creation: '2026-10-31' })], officers: [officer('3', 'a')] },
    ])
    expect(counts).toMatchObject({
      rows: { companies: 3, officers: 3, domains: 0, emails: 0 },
      withOfficers: 2,
      activeOfficers: 2,
      months: [
        { name: '2026-09', count: 1 },
        { name: '2026-10', count: 2 },
      ],
      types: [
        { name: 'ltd', count: 2 },
        { name: 'plc', count: 1 },
      ],
      sections: [
        { name: 'A Agriculture, forestry and fishing', count: 1 },
        { name: 'J Information and communication', count: 1 },
        { name: 'No SIC code', count: 1 },
        { name: 'SIC 2003 (four-digit codes)', count: 1 },
      ],
      regions: [
        { name: 'Not known', count: 2 },
        { name: 'London', count: 1 },
      ],
      roles: [
        { name: 'director', count: 2 },
        { name: 'secretary', count: 1 },
      ],
    })
  })

  test('of verifications cover every appointment, and name the overdue ones that are active', () => {
    const overdue = { identity_verification: 'overdue' }
    const pages = [
      {
        companies: [company('1'), company('2', { company_status: 'dissolved' })],
        officers: [
          officer('1', 'a', overdue),
          officer('1', 'b', { ...overdue, resigned_on: '2026-01-01' }),
          officer('1', 'c', { identity_verification: 'verified' }),
          officer('2', 'd', overdue),
        ],
      },
    ]
    expect(counted(pages)).toMatchObject({
      verifications: [
        { name: 'verified', count: 1 },
        { name: 'due', count: 0 },
        { name: 'overdue', count: 3 },
        { name: 'ended', count: 0 },
        { name: 'none', count: 0 },
      ],
      activeOfficers: 2,
      activeOverdue: 1,
    })
    const page = report(pages)
    expect(page).toContain('Of 2 active appointments, 1 is overdue.')
    expect(page).toMatch(/Overdue: no statement has come in time.*?<\/th>\n<td class="num">3</)
  })

  test('of active officers know of companies that are not in the files', () => {
    const page = { officers: [officer('1', 'a', { is_active: 0 }), officer('1', 'b', { is_active: 1 })] }
    expect(counted([page]).activeOfficers).toBe(1)
  })

  test('of hits have those in their denominators who were asked for', () => {
    const counts = counted(
      [
        {
          companies: ['1', '2', '3'].map((number) => company(number)),
          officers: [
            officer('1', 'a'),
            officer('1', 'b'),
            officer('1', 'c', { resigned_on: '2020-01-01' }),
            officer('1', 'd', { officer_role: 'secretary' }),
            officer('1', 'e', { officer_role: 'corporate-director' }),
            officer('2', 'f'),
          ],
          domains: [domain('1', 'a.example', 50), domain('1', 'b.example', 90)],
          emails: [email('1', 'a', 'valid'), email('1', 'd', 'unknown')],
        },
      ],
      ['1', '2'],
    )
    expect(counts).toMatchObject({ lookedUp: 2, lookedUpWithDomain: 1, withDomain: 1, wanted: 2, wantedWithEmail: 1 })
    expect(counts.sample[0]?.domain).toBe('b.example')
    expect(counts.emailStatuses).toEqual([
      { name: 'unknown', count: 1 },
      { name: 'valid', count: 1 },
    ])
  })

  test('hold no office in a company that is over, though nobody was resigned', () => {
    const counts = counted(
      [
        {
          companies: ['dissolved', 'closed', 'converted-closed', 'liquidation', 'active'].map((status, index) =>
            company(String(index), { company_status: status }),
          ),
          officers: ['0', '1', '2', '3', '4'].map((number) => officer(number, 'a')),
          domains: ['0', '1', '2', '3', '4'].map((number) => domain(number, 'a.example', 90)),
        },
      ],
      [],
    )
    expect(counts).toMatchObject({ activeOfficers: 2, wanted: 2 })
  })

  test('keep a bounded number of names, and lose no row', () => {
    const tally = createTally(3)
    for (const name of ['a', 'b', 'c', 'd', 'e', 'a']) tally.add(name)
    expect(tally.entries()).toEqual([
      { name: 'Others', count: 2 },
      { name: 'a', count: 2 },
      { name: 'b', count: 1 },
      { name: 'c', count: 1 },
    ])
  })
})

describe('the axes of time', () => {
  const months = (...entries: [string, number][]) => entries.map(([name, count]) => ({ name, count }))

  test('have every month up to the newest, and every year when months are not enough', () => {
    const series = creationSeries(
      months(['', 4], ['1990-05', 2], ['2026-01', 1], ['2026-10', 3], ['9999-12', 1]),
      AS_OF,
    )
    expect(series.months).toHaveLength(36)
    expect(series.months.at(-1)).toEqual({ name: '2026-10', count: 3 })
    expect(series.months[0]).toEqual({ name: '2023-11', count: 0 })
    expect([series.before, series.undated]).toEqual([2, 5])
    expect([series.years.length, series.years[0], series.years.at(-1)]).toEqual([
      37,
      { name: '1990', count: 2 },
      { name: '2026', count: 4 },
    ])
  })

  test('lose no company, whatever the dates', () => {
    const month = fc.date({ min: new Date('1800-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(fc.uniqueArray(month.map((date) => date.toISOString().slice(0, 7))), (names) => {
        const {
          months: shown,
          before,
          years,
          undated,
        } = creationSeries(
          names.map((name) => ({ name, count: 2 })),
          AS_OF,
        )
        const sum = (counts: { count: number }[]) => counts.reduce((total, { count }) => total + count, 0)
        expect(sum(shown) + before + undated).toBe(names.length * 2)
        if (before > 0) expect(sum(years) + undated).toBe(names.length * 2)
      }),
    )
  })

  test('are empty without a date', () => {
    expect(creationSeries([], AS_OF)).toEqual({ months: [], before: 0, years: [], undated: 0 })
    expect(report()).toContain('No company has a date of creation.')
  })
})

test.each([
  ['01110', 'A'],
  ['05101', 'B'],
  ['33200', 'C'],
  ['43999', 'F'],
  ['62012', 'J'],
  ['68209', 'L'],
  ['74990', 'M'],
  ['98000', 'T'],
  ['99999', 'U'],
])('SIC code %s is of section %s', (code, letter) => {
  expect(sicSection(code)?.charAt(0)).toBe(letter)
})

test('codes of four digits are of SIC 2003', () => {
  expect(sicSection('7499')).toBe('SIC 2003 (four-digit codes)')
})

test.each(['', '620', '620122', '00000', '34000', '77x12'])('%j is no SIC code', (code) => {
  expect(sicSection(code)).toBeNull()
})

test.each([
  ['SW1A 1AA', null, 'London'],
  ['se128uw', 'England', 'London'],
  ['BR7 5HF.', null, 'London'],
  ['br7-5hf', null, 'London'],
  ['S1 2AB', null, 'Yorkshire and the Humber'],
  [' EH1 1YZ ', 'anything', 'Scotland'],
  ['BT1 1AA', null, 'Northern Ireland'],
  ['JE2 3AB', null, 'Channel Islands and Isle of Man'],
  ['12345', 'Germany', ABROAD],
  [null, 'Wales', 'Wales'],
  [null, 'ENGLAND', 'England, region not known'],
  ['XX1 1AA', null, NO_REGION],
  [null, null, NO_REGION],
])('postcode %j and country %j: %s', (postcode, country, region) => {
  expect(regionOf(postcode, country)).toBe(region)
})

test('shares and sizes are written as in Britain', () => {
  expect([share(1, 3), share(0, 0), share(1, 9999), share(9998, 9999), share(7, 7)]).toEqual([
    '33.3%',
    '–',
    '<0.1%',
    '>99.9%',
    '100.0%',
  ])
  expect([size(999), size(1000), size(1_234_567)]).toEqual(['999 bytes', '1.0 kB', '1.2 MB'])
})

describe('the page', () => {
  const hostile = '</td><script>alert(1)</script><img src=x onerror=alert(1)>"\'&\u001b[31m\u0007\u202e'

  test('holds outside text as text only, without control characters', () => {
    const page = report([
      {
        companies: [
          company('<1>', { company_name: hostile, type: hostile, company_status: '__proto__', country: hostile }),
        ],
        officers: [officer('<1>', 'a', { officer_role: hostile })],
        domains: [domain('<1>', hostile, 90)],
        emails: [email('<1>', 'a', 'constructor')],
      },
    ])
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(page).not.toMatch(/<(script|img|iframe|object|link|base|form)/i)
    expect(page).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
  })

  test('escapes any text so that it comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', ';', '#', 'é') }), (text) => {
        const escaped = escapeHtml(text)
        expect(escaped).not.toMatch(/[<>"']/)
        const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
        expect(escaped.replace(/&(\w+|#39);/g, (_, name: string) => entities[name] ?? '?')).toBe(text)
      }),
    )
  })

  test('loads nothing and runs nothing: its policy allows its own style sheet alone', () => {
    const page = report([{ companies: [company('1', { date_of_creation: '2026-10-01' })] }])
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(page).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    )
    expect(page).not.toMatch(/\s(style|src|on\w+)=|url\(|@import/)
    expect(
      [...page.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href).filter((href) => !href.startsWith('#')),
    ).toEqual([])
  })

  test('has one heading of the first rank, links that lead somewhere, and ids that are there once', () => {
    const page = report([
      {
        companies: [company('1', { date_of_creation: '1990-10-01' }), company('2', { date_of_creation: '2026-10-01' })],
      },
    ])
    expect(page.match(/<h1>/g)).toHaveLength(1)
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const named = [...page.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g)].map(([, id]) => id)
    expect(named.length).toBeGreaterThan(9)
    expect(named.filter((id) => !ids.includes(id))).toEqual([])
  })

  test('closes every element that it opens', () => {
    const page = report([
      { companies: [company('1', { date_of_creation: '1990-10-01' })], officers: [officer('1', 'a')] },
    ])
    const open: string[] = []
    for (const [, slash, name = '', self] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (['meta', 'br'].includes(name) || self) continue
      if (slash) expect(open.pop()).toBe(name)
      else open.push(name)
    }
    expect(open).toEqual([])
  })

  test('tells how far the target is, without a word about it in a delta', () => {
    const pages = [{ companies: [company('1')], officers: [officer('1', 'a')] }]
    expect(report(pages)).toContain(
      '<strong>1 of 10,000</strong> companies that were asked for have officers (&lt;0.1%)',
    )
    expect(report(pages, { counts: counted(pages), target: 1 })).toContain('The target is reached')
    expect(report(pages, { since: '2026-11-01T00:00:00.000Z' })).not.toContain('10,000')
  })

  test('has every column of every table in its dictionary', () => {
    const page = report()
    const columns = Object.values(dataDictionary).flatMap(({ columns: own }) => Object.keys(own))
    expect(columns.filter((name) => !page.includes(`<code>${name}</code></th>`))).toEqual([])
  })
})

describe('places and trades', () => {
  const pages = [
    {
      companies: [
        company('1', { postal_code: 'b1 1aa', sic_codes: '62012,7499' }),
        company('2', { postal_code: 'LL1 1AA', sic_codes: '62012' }),
        company('3', { postal_code: 'XX1 1XX', country: 'SCOTLAND' }),
        company('4'),
      ],
    },
  ]
  const directory = new Map([
    ['B11AA', { region: 'West Midlands', local_authority: 'Birmingham', country: 'England' }],
    ['LL11AA', { region: 'North West', local_authority: 'Chester <West>', country: 'England' }],
  ])
  const asked: string[][] = []
  const withDirectory = () => {
    const counter = createPageCounter({
      findPlaces: (postcodes) => {
        asked.push(postcodes)
        return directory
      },
    })
    for (const page of pages)
      counter.add({ officers: [], persons_with_significant_control: [], domains: [], emails: [], ...page }, new Set())
    return counter.counts()
  }

  test('follow postcode areas without a directory, and the report says so', () => {
    expect(counted(pages)).toMatchObject({ placed: null, authorities: [], countries: [] })
    expect(counted(pages).regions).toContainEqual({ name: 'Wales', count: 1 })
    const page = report(pages)
    expect(page).toContain('By postcode area')
    expect(page).not.toContain('local authority')
  })

  test('are those of the directory where it has the postcode', () => {
    const counts = withDirectory()
    expect(asked).toEqual([['B11AA', 'LL11AA', 'XX11XX', '']])
    expect(counts).toMatchObject({
      placed: 2,
      regions: [
        { name: 'North West', count: 1 },
        { name: 'Not known', count: 1 },
        { name: 'Scotland', count: 1 },
        { name: 'West Midlands', count: 1 },
      ],
      countries: [{ name: 'England', count: 2 }],
      authorities: [
        { name: 'Birmingham', count: 1 },
        { name: 'Chester <West>', count: 1 },
      ],
    })
    const page = report([], { counts })
    expect(page).toContain('has the postcodes of 2 of 4 companies. The others by postcode area')
    expect(page).toContain('Chester &lt;West&gt;')
    expect(page).toContain('Open Government Licence v3.0')
  })

  test('name SIC codes as the register file does', () => {
    expect(counted(pages).codes).toEqual([
      { name: '62012', count: 2 },
      { name: '7499', count: 1 },
    ])
    const sicDescriptions = new Map([['62012', 'Business & domestic software']])
    const page = report(pages, { sicDescriptions })
    expect(page).toContain('62012 Business &amp; domestic software')
    expect(page).toContain('Most frequent SIC codes')
    expect(report(pages)).not.toContain('Most frequent SIC codes')
  })
})
