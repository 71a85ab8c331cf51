import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { csv, row, rows, zip } from '../companies-house/register/fixtures.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'

let folder: TempFolder

beforeEach(() => {
  folder = tempFolder()
})

afterEach(() => {
  folder[Symbol.dispose]()
})

const chpipe = (args: string[], stdin: string | Buffer = '') =>
  run(['import-companies', ...args], { cwd: folder.path, stdin })

function companyNumbers(): unknown[] {
  const db = openDb(folder.file('companies.db'), { readonly: true })
  const numbers = db.$client.prepare('SELECT company_number FROM companies ORDER BY 1').pluck().all()
  db.$client.close()
  return numbers
}

describe('import-companies', () => {
  it('says what it did', async () => {
    const lines = [
      ...rows(3),
      'x,y',
      row({ CompanyNumber: '3' }),
      row({ CompanyNumber: '9', CompanyStatus: 'Odd\x1b[1m' }),
    ]
    writeFileSync(folder.file('register.zip'), zip([{ name: 'a.csv', text: csv(lines) }]))
    const { code, stdout, stderr } = await chpipe(['register.zip'])
    expect(code).toBe(0)
    expect(stdout.replace(/in \d+s/, 'in 0s')).toBe(
      [
        'imported        4 companies: 4 new, 0 known',
        'rows read       6 in 0s',
        'duplicates      1; the last row of a company counts',
        `rejected        1; see ${folder.file('register.zip.rejects.csv')}`,
        'unknown status  1 × Odd\ufffd[1m',
        '',
      ].join('\n'),
    )
    expect(stderr).toContain('Bad rows were skipped')
    expect(readFileSync(folder.file('register.zip.rejects.csv'), 'utf8')).toBe(
      'line,reason,row\r\n5,"expected 55 columns, found 2","x,y"\r\n',
    )
  })

  it('gives the same as JSON', async () => {
    const { code, stdout } = await chpipe(['-', '--json', '--status', 'active', '--limit', '2'], gzipSync(csv(rows(5))))
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({
      rows_read: 5,
      as_of: null,
      imported: 2,
      inserted: 2,
      updated: 0,
      kept_newer: 0,
      duplicates: 0,
      filtered_out: 3,
      rejected: 0,
      rejects_file: null,
      no_longer_listed: 0,
      no_longer_listed_companies: [],
      no_longer_listed_doubted: 0,
      unknown_prose: { company_status: {}, type: {} },
      elapsed_seconds: expect.any(Number),
    })
    expect(companyNumbers()).toEqual(['00000001', '00000002'])
  })

  it('takes SIC codes of four digits, and tells them from those of five', async () => {
    const old = row({ CompanyNumber: '9156', 'SICCode.SicText_1': '7499 - Non-trading company' })
    const younger = row({ CompanyNumber: '2', 'SICCode.SicText_1': '74990 - Non-trading company' })
    const { code } = await chpipe(['-', '--sic', '7499'], csv([old, younger]))
    expect(code).toBe(0)
    expect(companyNumbers()).toEqual(['00009156'])
  })

  it.each(['slp', 'pflp', 'spflp'])('knows the subtype %s', async (subtype) => {
    expect((await chpipe(['-', '--type', subtype], csv(rows(1)))).code).toBe(0)
  })

  it('takes all its filters together', async () => {
    const options = ['--type', 'ltd,llp', '--sic', '62020', '--incorporated-from', '2011-06-29']
    const more = ['--incorporated-to', '2011-06-29', '--postcode', 'ec1, n1']
    const { code } = await chpipe(
      ['-', ...options, ...more],
      csv([...rows(2), row({ CompanyNumber: '3', CompanyStatus: '' })]),
    )
    expect(code).toBe(0)
    expect(companyNumbers()).toEqual(['00000001', '00000002', '00000003'])
  })

  it('writes the bad rows where it is told to', async () => {
    const { stdout } = await chpipe(['-', '--rejects', 'bad.csv', '--json'], csv([...rows(2), 'x']))
    expect(JSON.parse(stdout).rejects_file).toBe(folder.file('bad.csv'))
    expect(existsSync(folder.file('bad.csv'))).toBe(true)
  })
})

describe('import-companies refuses', () => {
  it.each([
    [[], 'Which file?'],
    [['a.csv', '--status', 'actve'], 'expected active, dissolved'],
    [['a.csv', '--type', 'gmbh'], 'got: gmbh'],
    [['a.csv', '--type', 'limited'], 'there is no such value: limited\ntry: Did you mean ltd?'],
    [['a.csv', '--type', 'private-limited-company'], 'Did you mean ltd?'],
    [['a.csv', '--type', 'ltd,CIC'], 'Did you mean community-interest-company?'],
    [['a.csv', '--type', 'scottish-partnersip'], 'Did you mean scottish-partnership?'],
    [['a.csv', '--location', 'Leeds'], '--location belongs to --search\ntry: '],
    [
      ['--search', '--incorporated-from', '2026-01-01', '--status', 'registered'],
      'no status registered\ntry: name some',
    ],
    [['a.csv', '--sic', '620'], 'expected SIC codes of four or five digits'],
    [['a.csv', '--postcode', 'LONDON'], 'expected beginnings of postcodes'],
    [['a.csv', '--incorporated-from', '2020-02-30'], 'expected a date'],
    [['a.csv', '--incorporated-from', '2020-02-02', '--incorporated-to', '2020-02-01'], 'is later than'],
    [['a.csv', '--as-of', '2026-02-30'], 'expected a date'],
    [['a.csv', '--as-of', '2199-01-01'], 'too far in the future'],
    [['--search', '--as-of', '2026-01-01', '--incorporated-from', '2026-01-01'], '--as-of belongs to a file'],
    [['a.csv', '--limit', '0'], 'expected a whole number of at least 1'],
    [['a.csv', '--rejects', 'a.csv'], '--rejects names the file that is to be imported'],
  ])('%j before anything runs', async (args, message) => {
    const { code, stdout, stderr } = await chpipe(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(message)
    expect(existsSync(folder.file('companies.db'))).toBe(false)
  })

  it.each([['none.csv'], ['.'], ['empty.csv'], ['half.zip']])(
    '%s with 5, and makes no database for it',
    async (file) => {
      writeFileSync(folder.file('empty.csv'), '')
      writeFileSync(folder.file('half.zip'), zip([{ name: 'a.csv', text: csv(rows(50)) }]).subarray(0, 400))
      const { code, stdout, stderr } = await chpipe([file])
      expect([code, stdout]).toEqual([5, ''])
      expect(stderr).toMatch(/^error: .+\n/)
      expect(existsSync(folder.file('companies.db'))).toBe(false)
    },
  )

  it('a file cut short with 5, naming the line', async () => {
    const { code, stderr } = await chpipe(['-'], csv(rows(50)).slice(0, -100))
    expect(code).toBe(5)
    expect(stderr).toContain('cut short: it ends inside the row that begins on line 51: stdin\ntry: ')
    expect(companyNumbers()).toEqual([])
  })

  it('to be interrupted with anything but 130', async () => {
    const { code, stderr } = await run(['import-companies', '-'], {
      cwd: folder.path,
      stdin: csv(rows(20_000)),
      started: (process) => setTimeout(() => process.emit('SIGINT'), 20),
    })
    expect([code, stderr]).toEqual([130, expect.stringMatching(/^Interrupted\ntry: run the same command again\n$/m)])
    expect(stderr).not.toContain('error:')
  })
})
