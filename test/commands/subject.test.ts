import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Db } from '../../src/db/open.ts'
import { run, tempFolder } from '../host.ts'
import { addOfficer, addPsc, newDatabase } from '../steps/export/export-world.ts'
import { buyWorld, suppressWorld } from '../steps/suppress/suppress-world.ts'

function world(more: (db: Db) => void = () => {}) {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  suppressWorld(db)
  buyWorld(db)
  more(db)
  db.$client.close()
  return {
    folder,
    chpipe: (...args: string[]) => run(args, { cwd: folder.path }),
    async subject(...args: string[]) {
      const { code, stdout, stderr } = await run(['subject', ...args, '--json'], { cwd: folder.path })
      return { code, stderr, file: stdout === '' ? null : JSON.parse(stdout) }
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

const appointments = (file: { officers: { appointment_id: string }[] }) =>
  file.officers.map(({ appointment_id }) => appointment_id).sort()
const addresses = (file: { emails: { email: string }[] }) => file.emails.map(({ email }) => email).sort()

describe('chpipe subject', () => {
  it.each([['SMITHERS, Jane'], ['Jane Smithers'], ['smithers,jane'], ['Mrs Jane Mary Smithers']])(
    'collects what is stored under a name: %s',
    async (who) => {
      using here = world()
      const { code, file } = await here.subject(who)
      expect(code).toBe(0)
      expect(appointments(file)).toEqual(['a1', 'b1'])
      expect(addresses(file)).toEqual(['jane.smithers@alpha.example', 'jane@beta.example'])
      expect(file.purchases.map(({ asked }: { asked: unknown }) => asked)).toEqual([
        [{ name: 'Jane Smithers', domain: 'alpha.example' }],
        [{ name: 'Jane Smithers', domain: 'beta.example' }],
      ])
      expect(file.answers).toHaveLength(2)
      expect(file.notes).toMatchObject([{ kind: 'odd-officer-item', company_number: '00000001' }])
      expect(file.asked).toEqual({ kind: 'name', value: expect.stringMatching(/^smithers, jane/), born: null })
      expect(JSON.stringify(file)).not.toMatch(/paul/i)
    },
  )

  it('goes on from an address to its officer, and from an officer to every appointment under the id', async () => {
    using here = world((db) => {
      const paul = { officer_id: 'o-paul', person_number: '123456780001', name: 'JONES, Paul' }
      addOfficer(db, { company_number: '00000002', appointment_id: 'b3', ...paul })
    })
    for (const who of ['Paul.Jones@Alpha.example', 'o-paul', '123456780002']) {
      const { file } = await here.subject(who)
      expect(appointments(file)).toEqual(['a2', 'b3'])
      expect(addresses(file)).toEqual(['paul.jones@alpha.example'])
      expect(JSON.stringify(file)).not.toMatch(/jane/i)
    }
  })

  it('finds records of control by the name, also where there is no appointment', async () => {
    using here = world((db) => {
      const born = { date_of_birth_year: 1955, date_of_birth_month: 7 }
      addPsc(db, {
        company_number: '00000002',
        psc_id: 'p',
        name: 'Dr Ada Kingly',
        surname: 'Kingly',
        forename: 'Ada',
        ...born,
      })
      const jane = { date_of_birth_year: 1970, date_of_birth_month: 4 }
      addPsc(db, {
        company_number: '00000001',
        psc_id: 'q',
        name: 'Mrs Jane Smithers',
        surname: 'Smithers',
        forename: 'Jane',
        ...jane,
      })
    })
    const ids = async (...args: string[]) =>
      (await here.subject(...args)).file.persons_with_significant_control.map(
        ({ psc_id }: { psc_id: string }) => psc_id,
      )
    expect(await ids('KINGLY, Ada')).toEqual(['p'])
    expect(await ids('o-jane-1')).toEqual(['q'])
  })

  it('does not mix people of one name: the month of birth is asked for', async () => {
    using here = world((db) => {
      const other = { name: 'SMITHERS, Jane', surname: 'SMITHERS', forenames: 'Jane', officer_id: 'o-other' }
      const born = { date_of_birth_year: 1991, date_of_birth_month: 1 }
      addOfficer(db, { company_number: '00000002', appointment_id: 'b9', ...other, ...born })
      addOfficer(db, {
        company_number: '00000002',
        appointment_id: 'c9',
        name: 'UNDATED, Jo',
        surname: 'UNDATED',
        forenames: 'Jo',
      })
    })
    const many = await here.subject('SMITHERS, Jane')
    expect([many.code, many.file]).toEqual([2, null])
    expect(many.stderr).toContain('born 1970-04, 1991-01')
    expect(appointments((await here.subject('SMITHERS, Jane', '--born', '1991-01')).file)).toEqual(['b9'])
    const undated = await here.subject('UNDATED, Jo')
    expect([undated.code, undated.file]).toEqual([2, null])
  })

  it('finds who is suppressed, and what is left of who was erased', async () => {
    using here = world()
    await here.chpipe('suppress', 'add', '--email', 'paul.jones@alpha.example', '--reason', 'asked')
    await here.chpipe('suppress', 'add', '--name', 'SMITHERS, Jane', '--born', '1970-04', '--erase')
    const paul = (await here.subject('o-paul')).file
    expect(paul.suppressions).toMatchObject([{ id: 1, kind: 'email', reason: 'asked' }])
    expect(addresses(paul)).toEqual(['paul.jones@alpha.example'])
    const { code, file } = await here.subject('SMITHERS, Jane')
    expect(code).toBe(0)
    expect(file).toMatchObject({ officers: [], emails: [], purchases: [], answers: [], notes: [] })
    expect(file.suppressions).toMatchObject([{ id: 2, kind: 'name', born: '1970-04' }])
    expect(file.withheld.map(({ company_number }: { company_number: string }) => company_number).sort()).toEqual([
      '00000001',
      '00000002',
    ])
  })

  it('names the deliveries that may hold it, with their recipients', async () => {
    using here = world()
    for (const line of [
      ['export', '--out', 'a/', '--for', 'Acme'],
      ['export', '--package', 'b.zip'],
      ['export', '--out', 'c/', '--include', 'companies,domains', '--for', 'Nobody Ltd'],
      ['export', '--out', 'a/', '--since', 'last', '--for', 'Acme'],
    ]) {
      expect(await here.chpipe(...line)).toMatchObject({ code: 0 })
    }
    const { file } = await here.subject('o-paul')
    const day = new Date().toISOString().slice(0, 10)
    expect(file.deliveries).toEqual([
      { recipient: 'Acme', destination: here.folder.file('a'), day: expect.any(String), delta: false },
      { recipient: null, destination: here.folder.file('b.zip'), day: expect.any(String), delta: false },
      { recipient: 'Acme', destination: here.folder.file('a'), day: expect.any(String), delta: true },
    ])
    expect(file.deliveries[0].day <= day).toBe(true)
    const { stdout } = await here.chpipe('subject', 'o-paul')
    expect(stdout).toMatch(/^what +company +details +source\nappointment +00000001 +JONES, Paul +the API, 2026-01-02\n/)
    expect(stdout).toContain('\ne-mail       00000001  paul.jones@alpha.example, valid')
    expect(stdout).toMatch(/\nMay be held by whoever received 3 deliveries:\n\nrecipient +day +what +where\nAcme /)
  })

  it('writes one file that only its owner can read, in the place of an older one', async () => {
    using here = world()
    writeFileSync(here.folder.file('paul.json'), 'old', { mode: 0o644 })
    const { code, stdout } = await here.chpipe('subject', 'o-paul', '--out', 'paul.json')
    expect([code, stdout]).toEqual([0, expect.stringContaining('No delivery that may hold it is recorded.')])
    expect(statSync(here.folder.file('paul.json')).mode & 0o777).toBe(0o600)
    const file = JSON.parse(readFileSync(here.folder.file('paul.json'), 'utf8'))
    expect(file).toMatchObject({ asked: { kind: 'officer', value: 'o-paul' }, officers: [{ appointment_id: 'a2' }] })
    expect(await here.chpipe('subject', 'o-paul', '--out', 'missing/paul.json')).toMatchObject({ code: 5, stdout: '' })
    mkdirSync(here.folder.file('folder'))
    expect(await here.chpipe('subject', 'o-paul', '--out', 'folder')).toMatchObject({ code: 5, stdout: '' })
    expect(await here.chpipe('subject', 'o-paul', '--out', '')).toMatchObject({ code: 2, stdout: '' })
    expect(
      readdirSync(here.folder.path)
        .filter((name) => !name.startsWith('companies.db'))
        .sort(),
    ).toEqual(['folder', 'paul.json'])
  })

  it.each([
    ['nobody@alpha.example', 1, 'Nothing is stored about this person'],
    ['o-nobody', 1, 'Nothing is stored about this person'],
    ['NOBODY, Anna', 1, 'Nothing is stored about this person'],
    ['jane@', 2, 'Expected an e-mail address'],
    ['o-paul --born 1970-04', 2, '--born belongs to a name'],
    ['Smith,', 2, 'Expected a name as "SURNAME, Forename"'],
  ])('ends for %s with %i, and repeats no address', async (line, code, sentence) => {
    using here = world()
    const args = line.includes('--') ? line.split(' ') : [line]
    const ended = await here.chpipe('subject', ...args)
    expect([ended.code, ended.stdout, ended.stderr]).toEqual([code, '', expect.stringContaining(sentence)])
    expect(ended.stderr).not.toContain('nobody@')
  })
})
