// `import-companies --companies`: a customer's own list, from its spellings to what is stored.
import { existsSync, writeFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { openDb } from '../../src/db/open.ts'
import { readCompanyList } from '../../src/steps/companies/list.ts'
import { csv, row } from '../companies-house/register/fixtures.ts'
import { run, tempFolder } from '../host.ts'
import { json, officersPage, scriptedServer } from '../scripted-server.ts'

const source = (bytes: Buffer | string) => ({
  name: 'list',
  parts: [{ name: 'list', chunks: () => Readable.from([Buffer.from(bytes)]) }],
  bytesTotal: null,
  bytesRead: () => 0,
  close() {},
})

const read = (text: Buffer | string) => readCompanyList(source(text) as never)
const numbers = async (text: Buffer | string) => (await read(text)).companies.map(({ number }) => number)

describe('a list', () => {
  it('is read in any spelling, one a line', async () => {
    const list = await read(
      '00445790\n445791\n No. 445,792 \r\nsc023716\nSC 23717\n\n# a remark\n"OC301540"\nCompany No 445793\n445790\nNI012345\n',
    )
    expect(list.companies.map(({ number, line }) => [line, number])).toEqual([
      [1, '00445790'],
      [2, '00445791'],
      [3, '00445792'],
      [4, 'SC023716'],
      [5, 'SC023717'],
      [8, 'OC301540'],
      [9, '00445793'],
      [11, 'NI012345'],
    ])
    expect([list.duplicates, list.unreadable]).toEqual([1, []])
  })

  it.each<[string, string | Buffer]>([
    ['a heading', 'name,Company Number,since\n"A, B & CO",445790,2020\nC LTD,SC023716,2021\n'],
    ['a heading in capitals with signs', 'COMPANY_NUMBER;NAME\n445790;A\nSC023716;B\n'],
    ['another heading', 'Client\tCRN\nA\t00445790\nB\tSC023716\n'],
    ['no heading', 'A LTD,445790\nB LTD,SC023716\n'],
    ['numbers in several columns', '1,445790\nx,SC023716\n'],
    ['a quoted line end', 'address,number\n"1 High St\nLeeds",445790\n"2 ""The"" St",SC023716\n'],
    ['a heading over single numbers', 'Companies of ours\n445790\nSC023716\n'],
    ['UTF-8 with a mark', '\uFEFFnumber\r\n445790\r\nSC023716\r\n'],
    ['UTF-16', Buffer.from('\uFEFFnumber\r\n445790\r\nSC023716\r\n', 'utf16le')],
    ['Latin-1', Buffer.from('név,number\nÉtoile,445790\nB,SC023716\n', 'latin1')],
    ['formulas of a spreadsheet', 'number\n="00445790"\n="SC023716"\n'],
  ])('is read with %s', async (_what, text) => {
    expect(await numbers(text)).toEqual(['00445790', 'SC023716'])
  })

  it('tells the lines that hold no number, or may hold several', async () => {
    const { companies, unreadable } = await read('445790\nto be confirmed\n445791 / 445792\n445793\n')
    expect(companies.map(({ number }) => number)).toEqual(['00445790', '00445793'])
    expect(unreadable).toEqual([
      { line: 2, written: 'to be confirmed' },
      { line: 3, written: '445791 / 445792' },
    ])
  })

  it.each(['', 'hello\nworld\n', 'name,town\nA,B\n', '445790\na\nb\nc\n'])('%j is none', async (text) => {
    await expect(read(text)).rejects.toMatchObject({
      kind: 'data',
      message: expect.stringContaining('no list of company numbers'),
    })
  })
})

const profile = (number: string) =>
  json({
    company_name: `COMPANY ${number}`,
    company_number: number,
    company_status: 'active',
    type: 'ltd',
    links: { self: '/x' },
  })

/** A register that knows the numbers from 1 to 9. */
async function customer(list: string, args: string[] = [], more: { key?: boolean; fail?: string } = {}) {
  await using server = await scriptedServer((path) => {
    const number = path.split('/')[2] ?? ''
    if (number === more.fail) return json({ wrong: true })
    return /^0000000[1-9]$/.test(number)
      ? profile(number)
      : json({ errors: [{ error: 'company-profile-not-found', type: 'ch:service' }] }, 404)
  })
  using folder = tempFolder()
  writeFileSync(folder.file('list.csv'), list)
  writeFileSync(folder.file('reg.csv'), csv([1, 2, 20].map((number) => row({ CompanyNumber: `${number}` }))))
  const env = {
    COMPANIES_HOUSE_API_URL: server.url,
    ...(more.key === false ? {} : { COMPANIES_HOUSE_API_KEY: 'k' }),
    CHPIPE_TIME_SCALE: '0.05',
    CHPIPE_CH_QUOTA: '1000/1s',
  }
  const chpipe = (...line: string[]) => run(['import-companies', ...line], { cwd: folder.path, env })
  const first = await chpipe(...args, '--companies', 'list.csv', '--json', '--quiet')
  const stored = () => {
    const db = openDb(folder.file('companies.db'), { readonly: true })
    const all = db.$client.prepare('SELECT company_number FROM companies ORDER BY 1').pluck().all()
    db.$client.close()
    return all.map((number) => String(number).at(-1)).join('')
  }
  const told = first.stdout === '' ? null : JSON.parse(first.stdout)
  const asked = server.asked.length
  const again = await chpipe(...args, '--companies', 'list.csv', '--quiet')
  return {
    ...first,
    told,
    asked,
    again,
    stored: first.code === 5 || first.code === 3 ? '' : stored(),
    askedAgain: server.asked.length - asked,
  }
}

describe('chpipe import-companies --companies', () => {
  it('finds each by its profile, says which do not exist, and ends with 1', async () => {
    const { code, told, stored, asked, again, askedAgain } = await customer('1\n00000003\n77\nn/a\n3\n')
    expect([code, stored, asked]).toEqual([1, '13', 3])
    expect(told).toEqual({
      listed: 3,
      duplicates: 1,
      unreadable: [{ line: 4, written: 'n/a' }],
      stored_before: 0,
      found_in_file: 0,
      found_by_profile: 2,
      do_not_exist: [{ company_number: '00000077', written: '77', line: 3 }],
      not_found: [],
      unanswered: [],
      ended: 'finished',
    })
    expect(askedAgain).toBe(1)
    expect(again.stdout.split('\n')).toEqual([
      'listed          3 companies; 1 more line names one of them again',
      'stored before   2',
      'found           0 in the register file, 0 by profile',
      'do not exist    1 is not on the register',
      '                line 3: 77',
      'unreadable      1 line is no company number',
      '                line 4: n/a',
      expect.stringMatching(/^next {12}chpipe import-officers --list \S+$/),
      '',
    ])
  })

  it('looks into the register file first, takes no other company from it, and asks for the rest', async () => {
    const { code, told, stored, asked } = await customer('number\n1\n2\n5\n', ['reg.csv'])
    expect([code, stored, asked]).toEqual([0, '125', 1])
    expect(told).toMatchObject({ found_in_file: 2, found_by_profile: 1, do_not_exist: [], not_found: [] })
  })

  it('needs no key beside a register file, and then says what the file lacks', async () => {
    const { code, told, asked } = await customer('1\n5\n', ['reg.csv'], { key: false })
    expect([code, asked]).toEqual([1, 0])
    expect(told).toMatchObject({ found_in_file: 1, not_found: [{ company_number: '00000005' }], do_not_exist: [] })
    expect(await customer('1\n', [], { key: false })).toMatchObject({ code: 3, stdout: '' })
  })

  it('does not take a wrong answer for a company that does not exist', async () => {
    const { code, told, stored } = await customer('1\n2\n', [], { fail: '00000002' })
    expect([code, stored]).toEqual([1, '1'])
    expect(told).toMatchObject({ do_not_exist: [], unanswered: [{ company_number: '00000002' }] })
  })

  it('changes nothing for a file that is no list', async () => {
    expect(await customer('dear all,\nplease find\nattached\n')).toMatchObject({ code: 5, asked: 0, stdout: '' })
  })

  it.each([
    [['--limit', '5'], 'it goes without --limit'],
    [['--search'], 'it goes without --search'],
    [['--incorporated-from', '2020-01-01'], 'it goes without --incorporated-from'],
  ])('goes without %j', async (args, sentence) => {
    using folder = tempFolder()
    writeFileSync(folder.file('list.csv'), '1\n')
    const { code, stderr } = await run(['import-companies', '--companies', 'list.csv', ...args], { cwd: folder.path })
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)])
  })
})

describe('a list that was imported', () => {
  it('is what progress measures against, and what import-officers can be limited to', async () => {
    await using server = await scriptedServer((path) => {
      const number = path.split('/')[2] ?? ''
      if (path.includes('/officers')) return officersPage(number, ['a'], { start: 0, perPage: 35 })
      if (/^0000000[1-9]$/.test(number)) return profile(number)
      return json({ errors: [{ error: 'company-profile-not-found', type: 'ch:service' }] }, 404)
    })
    using folder = tempFolder()
    writeFileSync(folder.file('reg.csv'), csv([1, 2, 3].map((number) => row({ CompanyNumber: `${number}` }))))
    writeFileSync(folder.file('customer.csv'), '2\n3\n7\n99\n')
    const env = {
      COMPANIES_HOUSE_API_URL: server.url,
      COMPANIES_HOUSE_API_KEY: 'k',
      CHPIPE_TIME_SCALE: '0.05',
      CHPIPE_CH_QUOTA: '1000/1s',
    }
    const chpipe = (...line: string[]) => run([...line, '--quiet'], { cwd: folder.path, env })
    const lists = async () => JSON.parse((await chpipe('progress', '--json')).stdout).lists
    await chpipe('import-companies', 'reg.csv')
    expect(await lists()).toBeUndefined()
    await chpipe('import-companies', '--companies', 'customer.csv')
    const before = {
      list: 'customer.csv',
      listed: 4,
      with_officers: 0,
      without_officers: 0,
      pending: 3,
      do_not_exist: 1,
      not_stored: 0,
    }
    expect(await lists()).toEqual([before])
    const some = await chpipe('import-officers', '--list', 'customer.csv', '--limit', '1')
    expect([some.code, (await lists())[0].with_officers]).toEqual([0, 1])
    expect((await chpipe('import-officers', '--list', 'customer.csv')).code).toBe(0)
    expect(await lists()).toEqual([{ ...before, with_officers: 3, pending: 0 }])
    const { stdout } = await chpipe('progress')
    expect(stdout).toContain('  lists          customer.csv: 3 of 4 have officers, 1 does not exist\n')
    expect((await chpipe('import-officers', '--list', 'customer.csv')).code).toBe(0)
    const officersOf = server.asked
      .filter((path) => path.includes('/officers'))
      .map((path) => path.split('/')[2]?.at(-1))
    expect(officersOf.toSorted().join('')).toBe('237')
    const packed = await chpipe('export', '--package', 'a.zip', '--list', 'customer.csv', '--json')
    expect(JSON.parse(packed.stdout).list).toEqual({
      name: 'customer.csv',
      listed: 4,
      complete: 3,
      missing: { 'does-not-exist': 1 },
    })
    for (const [refused, ...line] of [
      ['There is no list other.csv', '--package', 'b.zip', '--list', 'other.csv'],
      ['--list goes without --target', '--package', 'b.zip', '--list', 'customer.csv', '--target', '3'],
      ['--list goes without --since', '--package', 'b.zip', '--list', 'customer.csv', '--since', '2026-01-01'],
      ['--list is what the report measures against', '--list', 'customer.csv'],
    ] as const) {
      const { code, stderr } = await chpipe('export', ...line)
      expect([code, stderr]).toEqual([2, expect.stringContaining(refused)])
    }
    expect(existsSync(folder.file('b.zip'))).toBe(false)
    writeFileSync(folder.file('customer.csv'), '1\n')
    await chpipe('import-companies', '--companies', 'customer.csv')
    expect(await lists()).toEqual([{ ...before, listed: 1, pending: 1, do_not_exist: 0 }])
    const wrong = await chpipe('import-officers', '--list', 'other.csv')
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('There is no list other.csv\ntry: one of: customer.csv'),
    ])
  })
})
