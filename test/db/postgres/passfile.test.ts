import { chmodSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readPassFile } from '../../../src/db/postgres/passfile.ts'
import { parsePostgresUrl } from '../../../src/postgres-url.ts'
import { tempFolder } from '../../host.ts'

const LINES = [
  '# db.example:5432:chpipe:me:commented',
  'too:few:fields',
  'db.example:5432:chpipe:me:first',
  'db.example:*:chpipe:me:second',
  String.raw`db.example:5433:a\:b:me:with\:colon\\`,
  'localhost:5432:*:me:socket',
  '*:*:*:other:others',
  '*:*:*:empty:',
]

it('finds the first line that fits, as libpq does', () => {
  using folder = tempFolder()
  const file = folder.file('.pgpass')
  writeFileSync(file, LINES.join('\r\n'), { mode: 0o600 })
  const find = (url: string) => readPassFile(parsePostgresUrl(url, 'X'), file)
  expect(find('postgres://me@db.example/chpipe')).toBe('first')
  expect(find('postgres://me@db.example:6000/chpipe')).toBe('second')
  expect(find('postgres://me@db.example:5433/a:b')).toBe('with:colon\\')
  expect(find('postgres:///any?host=/run/postgresql&user=me')).toBe('socket')
  expect(find('postgres://other@anywhere:1/any')).toBe('others')
  expect(find('postgres://empty@db.example/chpipe')).toBeUndefined()
  expect(find('postgres://you@db.example/chpipe')).toBeUndefined()
  chmodSync(file, 0o640)
  expect(find('postgres://me@db.example/chpipe')).toBeUndefined()
  expect(readPassFile(parsePostgresUrl('postgres://me@h/d', 'X'), folder.file('none'))).toBeUndefined()
})
