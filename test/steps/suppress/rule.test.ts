import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { openRegister } from '../../../src/companies-house/register/source.ts'
import { emailHash } from '../../../src/db/values.ts'
import { readRules } from '../../../src/steps/suppress/file.ts'
import { type RawRule, readRule } from '../../../src/steps/suppress/suppress.ts'

const raw = (kind: RawRule['kind'], value: string, more: Partial<RawRule> = {}): RawRule => ({
  kind,
  value,
  born: null,
  reason: null,
  ...more,
})

test.each([
  [raw('email', ' A.B+c@Example.co.uk'), emailHash('a.b+c@example.co.uk')],
  [raw('domain', 'WWW.Example.co.uk'), 'example.co.uk'],
  [raw('company', '445790'), '00445790'],
  [raw('company', 'No. NI 12345'), 'NI012345'],
  [raw('officer', ' -aBc_9 '), '-aBc_9'],
  [raw('officer', '123456780001'), '12345678'],
  [raw('officer', '1234567 0002'), '01234567'],
  [raw('name', 'SMITH, Dr Jane', { born: '1970-04' }), 'smith, jane'],
  [raw('name', "O'NEIL, Siân Mary, Dr", { born: '1970-04' }), 'oneil, sian mary'],
])('%j becomes %s', (given, value) => {
  expect(readRule(given)).toEqual({ kind: given.kind, value, born: given.born, reason: null })
})

test.each([
  [raw('email', 'nobody'), 'expected an e-mail address such as a.name@example.co.uk'],
  [raw('email', 'a@b@c.example'), 'expected an e-mail address such as a.name@example.co.uk'],
  [raw('email', 'a b@c.example'), 'expected an e-mail address such as a.name@example.co.uk'],
  [raw('domain', 'jane@example.com'), 'expected a domain such as example.co.uk, got: an e-mail address'],
  [raw('domain', 'co.uk'), 'expected a domain such as example.co.uk, got: co.uk'],
  [raw('domain', 'www.co.uk'), 'expected a domain such as example.co.uk, got: www.co.uk'],
  [raw('company', 'SC'), 'expected a company number such as 00445790 or SC123456, got: SC'],
  [raw('officer', ''), 'expected an officer id, as in /officers/<id>/appointments, or a person number, got: nothing'],
  [raw('officer', 'a/b'), 'expected an officer id, as in /officers/<id>/appointments, or a person number, got: a/b'],
  [
    raw('officer', 'a@b.example'),
    'expected an officer id, as in /officers/<id>/appointments, or a person number, got: an e-mail address',
  ],
  [raw('name', 'Jane Smith', { born: '1970-04' }), 'expected a name as "SURNAME, Forename", got: Jane Smith'],
  [raw('name', 'SMITH,', { born: '1970-04' }), 'expected a name as "SURNAME, Forename", got: SMITH,'],
  [raw('name', 'HOWE, Earl', { born: '1970-04' }), 'expected a name as "SURNAME, Forename", got: HOWE, Earl'],
  [raw('name', 'SMITH, Jane'), 'expected a month of birth as YYYY-MM, got: nothing'],
  [raw('name', 'SMITH, Jane', { born: '1970-13' }), 'expected a month of birth as YYYY-MM, got: 1970-13'],
  [raw('name', 'SMITH, Jane', { born: '1970-4' }), 'expected a month of birth as YYYY-MM, got: 1970-4'],
  [raw('company', '445790', { born: '1970-04' }), 'a month of birth belongs to a name'],
  [raw('company', '445790', { reason: 'x'.repeat(1001) }), 'the reason is longer than 1000 characters'],
])('%j is refused', (given, sentence) => {
  expect(readRule(given)).toBe(sentence)
})

test('addresses in a reason are left out', () => {
  const rule = readRule(raw('company', '1', { reason: ' asked by Jane <jane@example.com>, 3 May ' }))
  expect(rule).toMatchObject({ reason: 'asked by Jane <(address)>, 3 May' })
})

const signal = new AbortController().signal
const file = async (text: string | Buffer) =>
  readRules(await openRegister({ stream: Readable.from([Buffer.from(text)]), name: 'list.csv' }, signal))

test('a file names its columns in any order, with or without born and reason', async () => {
  const rules = await file('\uFEFFReason,VALUE,kind\r\nby post,a.example,Domain\r\n\r\n,"1",company')
  expect(rules).toEqual([
    { kind: 'domain', value: 'a.example', born: null, reason: 'by post' },
    { kind: 'company', value: '00000001', born: null, reason: null },
  ])
})

test('a file of nothing but a header has no rules', async () => {
  expect(await file('kind,value,born,reason\n')).toEqual([])
})

test('all wrong lines are counted, the first ones named by their physical line', async () => {
  const good = 'kind,value,born,reason\nname,"SMITH, Jane",1970-04,"two\nlines"\n'
  await expect(file(good + 'domain,nothing here,,\n'.repeat(7))).rejects.toMatchObject({
    kind: 'data',
    message: expect.stringMatching(
      /^Nothing was imported: 7 of 8 rows cannot be used: line 4: .*; line 8: [^;]*; and 2 more, on lines 9-10: list.csv$/,
    ),
  })
})

test.each([
  ['', 'The file is empty: list.csv'],
  ['email,jane@example.com\n', 'Line 1 is no header of suppressions: list.csv'],
  ['kind,value,value\n', 'Line 1 is no header of suppressions: list.csv'],
  ['kind,value\nname,SMITH, Jane\n', 'line 2: expected 2 columns, found 3'],
  ['kind,value\njane@example.com,email\n', 'line 2: expected a kind (email, domain, company, officer, name)'],
  ['kind,value\nemail,jane@example@com\n', 'line 2: expected an e-mail address such as'],
  ['kind,value\ndomain,"a.example\n', 'line 2: a quote is never closed'],
  [Buffer.from('kind,value\ndomain,m\xfcnchen.example\n', 'latin1'), 'line 2: it is not valid UTF-8'],
  [`kind,value\n"${'x'.repeat(1_100_000)}`, 'list.csv'],
])('%# refuses a file that is none, and repeats no address', async (text, sentence) => {
  const error: Error = await file(text).then(
    () => new Error('it was taken'),
    (thrown) => thrown,
  )
  expect(error.message).toContain(sentence)
  expect(error).toMatchObject({ kind: 'data' })
  expect(error.message).not.toContain('jane')
})
