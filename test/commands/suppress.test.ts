import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { emailHash } from '../../src/db/values.ts'
import { run, type TempFolder, tempFolder } from '../host.ts'
import { newDatabase } from '../steps/export/export-world.ts'
import { buyWorld, suppressWorld } from '../steps/suppress/suppress-world.ts'

function folderWithWorld(): TempFolder {
  const folder = tempFolder()
  const db = newDatabase(folder.file('companies.db'))
  suppressWorld(db)
  buyWorld(db)
  db.$client.close()
  return folder
}

const suppress = (folder: TempFolder, ...args: string[]) => run(['suppress', ...args], { cwd: folder.path })

test('adds, lists and removes, whether there was a database or not', async () => {
  using folder = tempFolder()
  expect(await suppress(folder, 'add', '--domain', 'Example.co.uk', '--reason', 'by post')).toEqual({
    code: 0,
    stdout: 'suppressed: domain example.co.uk, as number 1\n',
    stderr: '',
  })
  const again = await suppress(folder, 'add', '--domain', 'example.co.uk')
  expect(again.stdout).toBe('suppressed already: domain example.co.uk, as number 1\n')
  await suppress(folder, 'add', '--name', 'SMITH, Jane', '--born', '1970-04')
  const { stdout } = await suppress(folder, 'list')
  const today = new Date().toISOString().slice(0, 10)
  expect(stdout.replaceAll(today, '2026-01-05')).toBe(
    [
      'id  kind    value          born     added       reason',
      '1   domain  example.co.uk           2026-01-05  by post',
      '2   name    smith, jane    1970-04  2026-01-05',
      '',
    ].join('\n'),
  )
  expect((await suppress(folder, 'remove', '1')).stdout).toBe('removed: domain example.co.uk\n')
  expect(JSON.parse((await suppress(folder, 'list', '--json')).stdout)).toEqual([
    { id: 2, kind: 'name', value: 'smith, jane', born: '1970-04', reason: null, added_at: expect.stringMatching(/Z$/) },
  ])
})

test('an address is neither printed nor stored, only its hash', async () => {
  using folder = tempFolder()
  const added = await suppress(folder, 'add', '--email', 'Jane@Example.com', '--json')
  const listed = await suppress(folder, 'list', '--json')
  const shown = {
    id: 1,
    kind: 'email',
    value: expect.stringMatching(/^[0-9a-f]{8}$/),
    born: null,
    reason: null,
    added_at: expect.any(String),
  }
  expect(JSON.parse(added.stdout)).toEqual({ ...shown, added: true, erased: null })
  expect(JSON.parse(listed.stdout)).toEqual([shown])
  const wrong = await suppress(folder, 'add', '--email', 'jane@example@com')
  for (const { stdout, stderr } of [added, listed, wrong]) expect(stdout + stderr).not.toMatch(/jane/i)
  const bytes = readFileSync(folder.file('companies.db'), 'latin1')
  expect(bytes).not.toMatch(/jane/i)
  expect(bytes).not.toContain(emailHash('jane@example.com'))
})

test('--erase tells what was removed', async () => {
  using folder = folderWithWorld()
  const { code, stdout, stderr } = await suppress(folder, 'add', '--email', 'jane@beta.example', '--erase')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout.split('\n')[1]).toBe('erased: emails 1, answers 1')
  const again = await suppress(folder, 'add', '--email', 'jane@beta.example', '--erase')
  expect(again.stdout.split('\n')[1]).toBe('erased: nothing was stored')
  expect(readFileSync(folder.file('companies.db'), 'latin1')).not.toContain('jane@beta.example')
})

test('an export afterwards is without them', async () => {
  using folder = folderWithWorld()
  await suppress(folder, 'add', '--officer', 'o-paul')
  const { stdout } = await run(['export', '--format', 'ndjson'], { cwd: folder.path })
  expect(stdout).toContain('SMITHERS')
  expect(stdout).not.toMatch(/paul/i)
})

test('imports a file, or stdin, and again', async () => {
  using folder = tempFolder()
  const text = 'kind,value,born,reason\nemail,jane@example.com,,\nname,"SMITH, Jane",1970-04,by post\n'
  writeFileSync(folder.file('list.csv'), text)
  expect((await suppress(folder, 'import', 'list.csv')).stdout).toBe('imported 2 rows: 2 new, 0 known\n')
  const again = await run(['suppress', 'import', '-', '--json'], { cwd: folder.path, stdin: `${text}company,1,,\n` })
  expect(JSON.parse(again.stdout)).toEqual({ rows: 3, added: 1, known: 2 })
})

test('a file with a wrong row changes nothing', async () => {
  using folder = tempFolder()
  await suppress(folder, 'add', '--company', '1')
  writeFileSync(folder.file('list.csv'), 'kind,value\ncompany,2\ncompany,three\n')
  const { code, stdout, stderr } = await suppress(folder, 'import', 'list.csv')
  expect([code, stdout]).toEqual([5, ''])
  expect(stderr).toContain('error: Nothing was imported: 1 of 2 rows cannot be used: line 3: expected a company number')
  expect(JSON.parse((await suppress(folder, 'list', '--json')).stdout)).toHaveLength(1)
})

test.each([
  ['', 'The file is empty'],
  ['\u001f\u008b\u0008nothing', 'The gzip file is broken'],
  ['PK\u0003\u0004nothing', 'The zip file is broken'],
  ['CompanyName, CompanyNumber\nA,1\n', 'Line 1 is no header of suppressions'],
  ['kind,value\rdomain,a.example\r', ''],
])('a file that is none is told as such, and what is expected of it: %j', async (text, sentence) => {
  using folder = tempFolder()
  writeFileSync(folder.file('list.csv'), text, 'latin1')
  const { code, stderr } = await suppress(folder, 'import', 'list.csv')
  expect([code, stderr]).toEqual([5, expect.stringContaining(sentence)])
  expect(stderr).toMatch(/\ntry: .*kind,value,born,reason/)
  expect(stderr).not.toMatch(/register|download/i)
})

test('an empty list is no failure', async () => {
  using folder = tempFolder()
  newDatabase(folder.file('companies.db')).$client.close()
  expect(await suppress(folder, 'list')).toEqual({ code: 0, stdout: 'nobody is suppressed\n', stderr: '' })
  expect((await suppress(folder, 'list', '--json')).stdout).toBe('[]\n')
})

test.each([
  [['ad'], 2, "Unknown command 'ad'\ntry: Did you mean add?"],
  [['ad', '--help'], 2, "Unknown command 'ad'\ntry: Did you mean add?"],
  [['everything'], 2, "Unknown command 'everything'\ntry: chpipe suppress --help"],
  [['add', '--emial', 'x'], 2, "Unknown option '--emial'\ntry: Did you mean --email?"],
  [
    ['add', 'x'],
    2,
    "Too many arguments for 'add'. Expected 0 arguments but got 1: x.\ntry: chpipe suppress add --help",
  ],
  [['add'], 2, 'Whom? Name one of --email, --domain, --company, --officer or --name\ntry: chpipe suppress add --help'],
  [['add', '--domain', 'a.example', '--company', '1'], 2, 'Name one, not both --domain and --company\n'],
  [['add', '--name', 'SMITH, Jane'], 2, '--name needs --born: a name alone means too many people\n'],
  [['add', '--company', '1', '--born', '1970-04'], 2, '--company: a month of birth belongs to a name\n'],
  [['add', '--email', ''], 2, '--email: expected an e-mail address such as a.name@example.co.uk\n'],
  [['add', '--domain'], 2, "Option '--domain <domain>' argument missing\ntry: chpipe suppress add --help"],
  [['import'], 2, "Missing required argument 'file'\ntry: chpipe suppress import --help"],
  [['import', 'none.csv'], 5, 'There is no such file'],
  [['import', '.'], 5, 'This is a folder, not a file'],
  [['remove', 'first'], 2, 'Expected the id of a suppression\ntry: see the ids: chpipe suppress list'],
  [['remove', '1'], 1, 'There is no database yet'],
  [['list'], 1, 'There is no database yet'],
])('%j ends with %d, and nothing is created', async (args, expected, sentence) => {
  using folder = tempFolder()
  const { code, stdout, stderr } = await suppress(folder, ...args)
  expect([code, stdout]).toEqual([expected, ''])
  expect(stderr).toContain(`error: ${sentence}`)
  expect((await run(['export'], { cwd: folder.path })).stderr).toContain('There is no database yet')
})

test('removing what is not there is a no', async () => {
  using folder = folderWithWorld()
  const { code, stderr } = await suppress(folder, 'remove', '7')
  expect([code, stderr]).toEqual([1, 'error: There is no suppression 7\ntry: see the ids: chpipe suppress list\n'])
})

test('the help of the command names its verbs, that of a verb its options, however it is asked for', async () => {
  const group = await run(['suppress', '--help'])
  expect(group.stdout).toMatch(
    /^Usage: chpipe suppress .*\n(.*\n)*Commands:\n +add .*\n +list .*\n +import .*\n +remove /,
  )
  expect(await run(['help', 'suppress'])).toEqual(group)
  const verb = await run(['suppress', 'add', '--help'])
  expect(verb.stdout).toMatch(/^Usage: chpipe suppress add .*\n(.*\n)*.*--erase/)
  expect(await run(['help', 'suppress', 'add'])).toEqual(verb)
})
