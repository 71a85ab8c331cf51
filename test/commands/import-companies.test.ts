import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { companies } from '../../src/db/schema.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { numbers, registerFile, registerRow, zipOf } from '../register-fixtures.ts'

function stored(folder: TempFolder) {
  const db = openDb(folder.file('companies.db'))
  const rows = db.select().from(companies).orderBy(companies.company_number).all()
  db.$client.close()
  return rows
}

const storedNumbers = (folder: TempFolder) => stored(folder).map(({ company_number }) => company_number)

/** Runs `import-companies` on a file with these contents. */
function importing(folder: TempFolder, contents: string | Buffer, ...args: string[]) {
  writeFileSync(folder.file('register'), contents)
  return run(['import-companies', 'register', '--json', ...args], { cwd: folder.path })
}

describe('import-companies', () => {
  it("stores the register's rows in the API's words", async () => {
    using folder = tempFolder()
    const row = registerRow('SC123456', {
      CompanyName: 'MCDONALD "SONS" & CO',
      CompanyStatus: 'Active - Proposal to Strike off',
      CompanyCategory: 'Public Limited Company',
      IncorporationDate: '01/02/1999',
      DissolutionDate: '',
      'SICCode.SicText_1': '70229 - Management consultancy',
      'SICCode.SicText_2': '01110 - Growing of cereals',
      'RegAddress.CareOf': 'THE SECRETARY',
      'RegAddress.POBox': '12',
      'RegAddress.AddressLine1': 'UNIT 9   BERRY COURT',
      'RegAddress.AddressLine2': '=LITTLE LONDON',
      'RegAddress.PostTown': 'TADLEY',
      'RegAddress.County': 'HAMPSHIRE',
      'RegAddress.Country': 'ENGLAND',
      'RegAddress.PostCode': 'RG26 5AT',
    })
    const { code } = await importing(folder, registerFile([row]))
    expect(code).toBe(0)
    expect(stored(folder)).toMatchObject([
      {
        company_number: 'SC123456',
        company_name: 'MCDONALD "SONS" & CO',
        company_status: 'active',
        company_status_detail: 'active-proposal-to-strike-off',
        type: 'plc',
        date_of_creation: '1999-02-01',
        date_of_cessation: null,
        sic_codes: '70229,01110',
        care_of: 'THE SECRETARY',
        po_box: '12',
        address_line_1: 'UNIT 9   BERRY COURT',
        address_line_2: '=LITTLE LONDON',
        locality: 'TADLEY',
        region: 'HAMPSHIRE',
        country: 'ENGLAND',
        postal_code: 'RG26 5AT',
        officers_state: 'pending',
        source: 'register-file',
        run_id: 1,
      },
    ])
  })

  const text = registerFile(numbers(50).map((number) => registerRow(number)))
  const forms: [form: string, contents: string | Buffer][] = [
    ['csv', text],
    ['csv with a byte order mark and CRLF', `\uFEFF${text.replaceAll('\n', '\r\n')}`],
    ['csv without a last line end', text.trimEnd()],
    ['gzip', gzipSync(text)],
    ['zip', zipOf([{ name: 'BasicCompanyData.csv', text }])],
    [
      'zip of two files',
      zipOf([
        { name: 'a.csv', text },
        { name: 'readme.txt', text: 'x' },
        { name: 'b.csv', text },
      ]),
    ],
  ]
  for (const [form, contents] of forms) {
    it(`reads ${form}, from a file and from stdin`, async () => {
      using folder = tempFolder()
      expect((await importing(folder, contents)).code).toBe(0)
      expect(storedNumbers(folder)).toEqual(numbers(50))
      using other = tempFolder()
      const { code } = await run(['import-companies', '-'], { cwd: other.path, stdin: Buffer.from(contents) })
      expect([code, storedNumbers(other)]).toEqual([0, numbers(50)])
    })
  }

  const zipped = zipOf([{ name: 'a.csv', text }])
  const refused: [what: string, contents: string | Buffer, sentence: RegExp][] = [
    ['an empty file', '', /^error: The file is empty/],
    ['other columns', 'name,number\nA,1\n', /does not name any of its columns/],
    ['a missing column', registerFile([]).replace('CompanyStatus', 'State'), /does not name the columns CompanyStatus/],
    ['a file cut within a row', text.slice(0, -200), /cut short.* begins on line 51/],
    ['a file cut within a quote', text.slice(0, text.lastIndexOf('Private') + 4), /cut short.* line 51/],
    ['a cut gzip', gzipSync(text).subarray(0, -30), /gzip file is broken near byte \d+/],
    ['a cut zip', zipped.subarray(0, -30), /zip file is broken/],
    ['a zip with a wrong checksum', zipOf([{ name: 'a.csv', text, wrongChecksum: true }]), /checksum/],
    ['an encrypted zip', zipOf([{ name: 'a.csv', text, encrypted: true }]), /encrypted/],
    ['a zip without a csv', zipOf([{ name: 'a.txt', text }]), /holds no .csv/],
    ['binary rubbish', Buffer.from(Array.from({ length: 9000 }, (_, index) => (index * 7919) % 256)), /^error: /],
    [
      'too many bad rows',
      registerFile(numbers(50).map((n, i) => registerRow(i < 2 ? 'BAD' : n))),
      /2 of 50 rows are bad.*line 2/,
    ],
  ]
  for (const [what, contents, sentence] of refused) {
    it(`refuses ${what} with 5 and changes nothing`, async () => {
      using folder = tempFolder()
      await importing(
        folder,
        registerFile([registerRow('00000001', { CompanyName: 'BEFORE' }), registerRow('00000777')]),
      )
      const before = stored(folder)
      const { code, stdout, stderr } = await run(['import-companies', 'bad'], { cwd: writeBad(folder, contents) })
      expect([code, stdout]).toEqual([5, ''])
      expect(stderr).toMatch(sentence)
      expect(stored(folder)).toEqual(before)
      expect(readdirSync(folder.path).filter((name) => name.includes('rejects'))).toEqual([])
    })
  }

  function writeBad(folder: TempFolder, contents: string | Buffer): string {
    writeFileSync(folder.file('bad'), contents)
    return folder.path
  }

  it('refuses a missing file and a folder, and makes no database for them', async () => {
    using folder = tempFolder()
    mkdirSync(folder.file('sub'))
    for (const path of ['none.csv', 'sub']) {
      expect((await run(['import-companies', path], { cwd: folder.path })).code).toBe(5)
    }
    expect(existsSync(folder.file('companies.db'))).toBe(false)
  })

  it('puts single bad rows, with their lines, into a private rejects file and the rest in', async () => {
    using folder = tempFolder()
    const rows = numbers(300).map((number) => registerRow(number))
    rows[10] = registerRow('00000011', { CompanyName: 'TWO\nLINES' })
    rows[20] = registerRow('12-34')
    rows[30] = registerRow('00000031', { IncorporationDate: '31/02/2020' })
    rows[40] = '"too","short"'
    const { code, stdout } = await importing(folder, registerFile(rows))
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ rows_read: 300, imported: 297, rejected: 3 }),
    ])
    const rejects = folder.file('register.rejects.csv')
    const lines = readFileSync(rejects, 'utf8').split('\r\n')
    expect(lines.slice(0, 4).map((line) => line.split(',').slice(0, 2).join(','))).toEqual([
      'line,reason',
      '23,"not a company number: ""12-34"""',
      '33,"not a date in IncorporationDate: ""31/02/2020"""',
      '43,"expected 55 columns',
    ])
    expect(statSync(rejects).mode & 0o777).toBe(0o600)
  })

  it('keeps and counts wordings that it does not know', async () => {
    using folder = tempFolder()
    const { stdout } = await importing(
      folder,
      registerFile([registerRow('00000001', { CompanyStatus: 'On the moon' })]),
    )
    expect(JSON.parse(stdout).unknown_prose).toEqual({ company_status: { 'On the moon': 1 }, type: {} })
    expect(stored(folder)[0]?.company_status).toBe('On the moon')
  })

  it('pads numbers that a spreadsheet has cut, and takes the last of two rows of a company', async () => {
    using folder = tempFolder()
    const { stdout } = await importing(
      folder,
      registerFile([registerRow('123'), registerRow('00000123', { CompanyName: 'LAST' })]),
    )
    expect(stored(folder)).toMatchObject([{ company_number: '00000123', company_name: 'LAST' }])
    expect(JSON.parse(stdout)).toMatchObject({ imported: 1, duplicates: 1 })
  })

  it('brings known companies up to date and never undoes what was learnt of officers', async () => {
    using folder = tempFolder()
    await importing(folder, registerFile([registerRow('00000001'), registerRow('00000002')]))
    const db = openDb(folder.file('companies.db'))
    db.$client.exec(
      "UPDATE companies SET officers_state = 'complete', officers_count = 3, jurisdiction = 'wales', officers_fetched_at = '2026-01-01', first_seen_at = '2020-01-01' WHERE company_number = '00000001'",
    )
    db.$client.close()
    const { stdout } = await importing(
      folder,
      registerFile([registerRow('00000001', { CompanyName: 'NEW NAME' }), registerRow('00000003')]),
    )
    expect(JSON.parse(stdout)).toMatchObject({ imported: 2, inserted: 1, updated: 1 })
    expect(stored(folder)[0]).toMatchObject({
      company_name: 'NEW NAME',
      officers_state: 'complete',
      officers_count: 3,
      officers_fetched_at: '2026-01-01',
      jurisdiction: 'wales',
      first_seen_at: '2020-01-01',
    })
  })

  const filters: [args: string[], wanted: string[]][] = [
    [
      ['--status', 'active'],
      ['00000001', '00000003', '00000004'],
    ],
    [
      ['--type', 'plc,llp'],
      ['00000002', '00000003'],
    ],
    [
      ['--sic', '62012,01110'],
      ['00000002', '00000004'],
    ],
    [
      ['--incorporated-from', '2011-06-29', '--incorporated-to', '2015-01-01'],
      ['00000001', '00000002'],
    ],
    [
      ['--postcode', 'LS1,N1'],
      ['00000001', '00000003'],
    ],
    [
      ['--limit', '2'],
      ['00000001', '00000002'],
    ],
    [
      ['--status', 'active', '--limit', '2'],
      ['00000001', '00000003'],
    ],
  ]
  for (const [args, wanted] of filters) {
    it(`takes only what ${args.join(' ')} lets through`, async () => {
      using folder = tempFolder()
      const rows = [
        registerRow('00000001'),
        registerRow('00000002', {
          CompanyStatus: 'Liquidation',
          CompanyCategory: 'Public Limited Company',
          IncorporationDate: '01/01/2015',
          'SICCode.SicText_4': '62012 - IT',
          'RegAddress.PostCode': 'LS10 1AA',
        }),
        registerRow('00000003', {
          CompanyCategory: 'Limited Liability Partnership',
          IncorporationDate: '02/01/2015',
          'RegAddress.PostCode': 'LS1 4AB',
        }),
        registerRow('00000004', {
          IncorporationDate: '',
          'SICCode.SicText_1': '01110 - Growing',
          'RegAddress.PostCode': '',
        }),
      ]
      await importing(folder, registerFile(rows), ...args)
      expect(storedNumbers(folder)).toEqual(wanted)
    })
  }

  it('lets another connection write between its transactions', async () => {
    using folder = tempFolder()
    await importing(folder, registerFile([registerRow('99999999')]))
    const other = openDb(folder.file('companies.db'))
    let written = 0
    const writer = setInterval(() => {
      other.$client.exec("UPDATE companies SET region = 'X' WHERE company_number = '99999999'")
      written += 1
    }, 1)
    const { code } = await importing(folder, registerFile(numbers(20_000).map((number) => registerRow(number))))
    clearInterval(writer)
    other.$client.close()
    expect(code).toBe(0)
    expect(written).toBeGreaterThan(5)
    expect(stored(folder)).toHaveLength(20_001)
  })

  it('changes nothing when it is interrupted while it reads', async () => {
    using folder = tempFolder()
    writeFileSync(folder.file('register'), registerFile(numbers(5000).map((number) => registerRow(number))))
    const { code } = await run(['import-companies', 'register'], {
      cwd: folder.path,
      started: (process) => setTimeout(() => process.emit('SIGINT'), 20),
    })
    expect(code).toBe(130)
    expect(storedNumbers(folder)).toEqual([])
  })
})
