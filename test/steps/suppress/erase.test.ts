import { existsSync, readFileSync } from 'node:fs'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { saveOfficers } from '../../../src/db/officers/officers.ts'
import { type Db, openDb, write } from '../../../src/db/open.ts'
import { findAnswers, keepUnmatched, listUnmatched } from '../../../src/db/purchases/answers.ts'
import { closeRequest, findRequest } from '../../../src/db/purchases/requests.ts'
import { officers, provider_requests } from '../../../src/db/schema.ts'
import { addSuppressions, listSuppressions } from '../../../src/db/suppress/suppressions.ts'
import { readTallies } from '../../../src/db/tallies.ts'
import { domainInput, personInput } from '../../../src/steps/purchases/inputs.ts'
import { eraseSuppressed } from '../../../src/steps/suppress/erase.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { addEmail, newDatabase } from '../export/export-world.ts'
import { buy, buyWorld, jane, NOW, paul, suppressOne, suppressWorld } from './suppress-world.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('companies.db'))
  suppressWorld(db)
  buyWorld(db)
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

/** Everything that lies on the disk, in the database file and beside it. */
function onDisk(): string {
  const files = ['', '-wal'].map((ending) => folder.file(`companies.db${ending}`)).filter((path) => existsSync(path))
  return files.map((path) => readFileSync(path, 'latin1')).join('')
}

const values = (sql: string) => db.$client.prepare(sql).pluck().all()

const outcomes = (inputs: { key: string }[]) => {
  const keys = inputs.map(({ key }) => key)
  const found = new Map([...findAnswers(db, 'emails', keys), ...findAnswers(db, 'domain', keys)])
  return keys.map((key) => [found.get(key)?.outcome, found.get(key)?.answer])
}

const SUPPRESSED = ['suppressed', null]
const hit = expect.arrayContaining(['hit'])

const janeAtAlpha = personInput(jane, 'alpha.example')
const janeAtBeta = personInput(jane, 'beta.example')
const paulAtAlpha = personInput(paul, 'alpha.example')

describe('of a name', () => {
  test('nothing is left on the disk but the rule and hashes', () => {
    db.$client.pragma('wal_checkpoint(TRUNCATE)')
    const texts = ['SMITHERS', 'Smithers', 'jane.smithers@alpha.example', 'jane@beta.example', 'Whisper', 'o-jane']
    expect(texts.filter((text) => !onDisk().includes(text))).toEqual([])
    const { erased, logKept } = suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    expect(erased).toEqual({
      companies: 0,
      officers: 2,
      pscs: 0,
      domains: 0,
      emails: 2,
      answers: 2,
      requests: 2,
      notes: 1,
    })
    expect(logKept).toBe(false)
    expect(texts.filter((text) => onDisk().includes(text))).toEqual([])
    expect(onDisk()).toContain('paul.jones@alpha.example')
    expect(onDisk()).toContain('smithers, jane')
  })

  test('counts and tallies stay those of the rows', () => {
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    expect(values('SELECT officers_count FROM companies ORDER BY 1')).toEqual([1, 1])
    expect(readTallies(db)).toMatchObject({ complete: 2, officers: values('SELECT 1 FROM officers').length })
    suppressOne(db, 'officer', 'o-paul', { erase: true })
    expect(values('SELECT officers_state FROM companies ORDER BY company_number')).toEqual(['complete', 'complete'])
    expect(readTallies(db)).toMatchObject({ complete: 2, none: 0, officers: 1 })
    expect(values('SELECT COUNT(DISTINCT company_number) FROM officers')).toEqual([1])
  })

  test('what was bought is known by its hash, so that it is not bought again', () => {
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    expect(outcomes([janeAtAlpha, janeAtBeta, paulAtAlpha])).toEqual([SUPPRESSED, SUPPRESSED, hit])
    expect(findRequest(db, 2)?.inputs).toEqual([
      { key: janeAtAlpha.key, name: '', domain: 'alpha.example' },
      paulAtAlpha,
    ])
  })

  test('somebody of that name at a company of others is not touched', () => {
    const stranger = personInput(jane, 'stranger.example')
    const request = buy(db, 'emails', [stranger], [{ emails: [], catchAll: false }])
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    expect(findRequest(db, request)?.inputs).toEqual([stranger])
    expect(outcomes([stranger])).toEqual([hit])
  })

  test('a paid answer that may be theirs is emptied, and who else it may belong to is not asked again', () => {
    db.$client.exec('DELETE FROM provider_answers; DELETE FROM provider_requests')
    const request = buy(db, 'emails', [janeAtAlpha, paulAtAlpha], null)
    const other = buy(db, 'emails', [personInput(paul, 'stranger.example')], null)
    write(db, (tx) => {
      for (const id of [request, other]) {
        closeRequest(tx, id, { status: 'unmatched', completedAt: NOW })
        keepUnmatched(
          tx,
          id,
          [{ name: `J. Hidden ${id}`, answer: { emails: [{ email: `j.hidden@${id}.example` }] } }],
          NOW,
        )
      }
    })
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    expect(listUnmatched(db).map(({ request: { id } }) => id)).toEqual([other])
    expect(outcomes([janeAtAlpha, paulAtAlpha])).toEqual([SUPPRESSED, ['miss', { lost: true }]])
    expect([onDisk().includes(`J. Hidden ${request}`), onDisk().includes(`j.hidden@${request}.`)]).toEqual([
      false,
      false,
    ])
  })

  test('a purchase on its way loses the name and stays open', () => {
    db.$client.exec('DELETE FROM provider_answers; DELETE FROM provider_requests')
    const request = buy(db, 'emails', [janeAtAlpha], null)
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    expect(findRequest(db, request)).toMatchObject({
      status: 'created',
      reserved: 1,
      inputs: [{ key: janeAtAlpha.key, name: '', domain: 'alpha.example' }],
    })
    expect(outcomes([janeAtAlpha])).toEqual([SUPPRESSED])
  })

  test('an answer that another process has in hand is not kept, also where there was a miss before', () => {
    db.$client.exec("UPDATE provider_answers SET outcome = 'miss', answer = NULL")
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    buy(db, 'emails', [janeAtAlpha], [{ emails: [{ email: 'jane@late.example' }], catchAll: false }])
    expect(outcomes([janeAtAlpha])).toEqual([SUPPRESSED])
  })

  test('a second time finds nothing more, and keeps one rule', () => {
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04' })
    suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
    const { erased, isNew } = suppressOne(db, 'name', 'smithers, JANE', { born: '1970-04', erase: true })
    expect(erased).toEqual({
      companies: 0,
      officers: 0,
      pscs: 0,
      domains: 0,
      emails: 0,
      answers: 0,
      requests: 0,
      notes: 0,
    })
    expect([isNew, listSuppressions(db).length]).toEqual([false, 1])
  })

  test('without --erase everything stays', () => {
    const before = db.$client.serialize().length
    const { erased } = suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04' })
    expect([erased, db.$client.serialize().length]).toEqual([null, before])
    expect(values('SELECT count(*) FROM officers')).toEqual([4])
    expect(outcomes([janeAtAlpha, janeAtBeta])).toEqual([hit, hit])
  })
})

describe('of an e-mail', () => {
  test('the address goes wherever it is, the person stays', () => {
    const { erased } = suppressOne(db, 'email', 'Jane.Smithers@ALPHA.example', { erase: true })
    expect(erased).toEqual({
      companies: 0,
      officers: 0,
      pscs: 0,
      domains: 0,
      emails: 1,
      answers: 1,
      requests: 0,
      notes: 0,
    })
    expect(onDisk().toLowerCase()).not.toContain('jane.smithers@alpha.example')
    expect(onDisk()).toContain('SMITHERS, Jane Mary')
    expect(outcomes([janeAtAlpha, janeAtBeta])).toEqual([SUPPRESSED, hit])
  })

  test('other addresses of the same answer stay', () => {
    const both = ['jane.smithers@alpha.example', 'js@alpha.example'].map((email) => ({ email, status: 'valid' }))
    const input = personInput({ firstName: 'J', lastName: 'Smithers' }, 'alpha.example')
    buy(db, 'emails', [input], [{ emails: both, catchAll: false }])
    suppressOne(db, 'email', 'jane.smithers@alpha.example', { erase: true })
    expect(outcomes([input])).toEqual([['hit', { emails: [both[1]], catchAll: false }]])
  })
})

describe('of a domain', () => {
  test('rows, addresses, answers and names asked for there go; the companies stay', () => {
    addEmail(db, '00000002', 'b1', 'jane@mail.alpha.example', 'valid')
    const { erased } = suppressOne(db, 'domain', 'alpha.example', { erase: true })
    expect(erased).toEqual({
      companies: 0,
      officers: 0,
      pscs: 0,
      domains: 1,
      emails: 3,
      answers: 3,
      requests: 1,
      notes: 0,
    })
    expect(onDisk()).not.toContain('@alpha.example')
    expect(outcomes([domainInput('ALPHA'), domainInput('BETA'), janeAtAlpha, paulAtAlpha, janeAtBeta])).toEqual([
      SUPPRESSED,
      hit,
      SUPPRESSED,
      SUPPRESSED,
      hit,
    ])
    expect(findRequest(db, 2)?.inputs).toEqual([janeAtAlpha, paulAtAlpha].map(({ key }) => ({ key, name: '' })))
    expect(values('SELECT company_name FROM companies ORDER BY 1')).toEqual(['ALPHA LIMITED', 'BETA LIMITED'])
  })
})

describe('of a company', () => {
  test('it goes with all that hangs on it, also as an officer of another', () => {
    db.$client.exec(`INSERT INTO stream_rejects (stream, reason, line, received_at, run_id)
      VALUES ('companies', 'odd', '{"company_number":"00000001","company_name":"ALPHA LIMITED"}', 1, 1)`)
    const { erased } = suppressOne(db, 'company', '1', { erase: true })
    expect(erased).toEqual({
      companies: 1,
      officers: 3,
      pscs: 0,
      domains: 1,
      emails: 2,
      answers: 3,
      requests: 2,
      notes: 2,
    })
    for (const text of ['ALPHA', 'alpha.example"', '@alpha.example', 'o-paul', 'Paul']) {
      expect([text, onDisk().includes(text)]).toEqual([text, false])
    }
    expect(values('SELECT company_number FROM companies')).toEqual(['00000002'])
    expect(values('SELECT officers_count FROM companies')).toEqual([1])
    expect(readTallies(db)).toMatchObject({ complete: 1, officers: 1 })
    expect(outcomes([domainInput('ALPHA'), domainInput('BETA'), janeAtBeta])).toEqual([SUPPRESSED, hit, hit])
  })

  test('one that is not stored erases nothing', () => {
    const { erased } = suppressOne(db, 'company', '09999999', { erase: true })
    expect(erased).toEqual({
      companies: 0,
      officers: 0,
      pscs: 0,
      domains: 0,
      emails: 0,
      answers: 0,
      requests: 0,
      notes: 0,
    })
  })
})

test('an officer id erases that id alone', () => {
  const { erased } = suppressOne(db, 'officer', 'o-jane-1', { erase: true })
  expect(erased).toEqual({
    companies: 0,
    officers: 1,
    pscs: 0,
    domains: 0,
    emails: 1,
    answers: 1,
    requests: 1,
    notes: 1,
  })
  expect(values('SELECT officer_id FROM officers ORDER BY 1')).toEqual(['o-alpha', 'o-jane-2', 'o-paul'])
})

test('what was bought about somebody goes too when a refresh has left nothing of the row but a hash', () => {
  suppressOne(db, 'officer', 'o-jane-1')
  const [janesRow] = db.select().from(officers).where(eq(officers.appointment_id, 'a1')).all()
  const rest = db.select().from(officers).where(eq(officers.appointment_id, 'a2')).all()
  const rows = janesRow ? [janesRow, ...rest] : rest
  write(db, () => saveOfficers(db, '00000001', rows, { state: 'complete', fetchedAt: '2026-01-06', runId: 1 }))
  expect(values("SELECT count(*) FROM officers WHERE appointment_id = 'a1'")).toEqual([0])
  expect(outcomes([janeAtAlpha])).toEqual([hit])
  const { erased } = suppressOne(db, 'officer', 'o-jane-1', { erase: true })
  expect(erased).toMatchObject({ officers: 0, emails: 1, answers: 1, requests: 1 })
  expect(onDisk()).not.toContain('jane.smithers@alpha.example')
  expect(outcomes([janeAtAlpha, paulAtAlpha, janeAtBeta])).toEqual([SUPPRESSED, hit, hit])
  expect(findRequest(db, 2)?.inputs).toEqual([{ key: janeAtAlpha.key, name: '', domain: 'alpha.example' }, paulAtAlpha])
})

test('the credits that were spent stay in the books', () => {
  const before = db.select().from(provider_requests).all()
  suppressOne(db, 'name', 'SMITHERS, Jane', { born: '1970-04', erase: true })
  const after = db.select().from(provider_requests).all()
  const bought = ({ id, status, reserved, request_key }: (typeof before)[number]) => [id, status, reserved, request_key]
  expect(after.map(bought)).toEqual(before.map(bought))
})

test('a rule and its erasure come together or not at all', () => {
  const rule = { kind: 'officer', value: 'o-paul', born: null, reason: null } as const
  expect(() =>
    write(db, (tx) => {
      const [added] = addSuppressions(tx, [rule], '2026-01-05')
      if (added) eraseSuppressed(tx, added.suppression, NOW)
      throw new Error('the power fails')
    }),
  ).toThrow('the power fails')
  expect(listSuppressions(db)).toEqual([])
  expect(values("SELECT officer_id FROM officers WHERE officer_id = 'o-paul'")).toEqual(['o-paul'])
})

test('while somebody reads an older state, it tells that the log is kept, and a later time empties it', () => {
  const reader = openDb(folder.file('companies.db'), { readonly: true })
  reader.$client.exec('BEGIN')
  reader.$client.prepare('SELECT count(*) FROM officers').get()
  db.$client.pragma('busy_timeout = 50')
  expect(suppressOne(db, 'email', 'jane@beta.example', { erase: true }).logKept).toBe(true)
  reader.$client.exec('COMMIT')
  reader.$client.close()
  expect(suppressOne(db, 'email', 'jane@beta.example', { erase: true }).logKept).toBe(false)
  expect(onDisk()).not.toContain('jane@beta.example')
})
