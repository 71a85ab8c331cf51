import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Db } from '../../../src/db/open.ts'
import { ChpipeError } from '../../../src/errors.ts'
import { type Destination, destinationOf } from '../../../src/steps/export/destination.ts'
import { replaceAll } from '../../../src/steps/export/replace.ts'
import { exportDataset } from '../../../src/steps/export/run.ts'
import { type TempFolder, tempFolder } from '../../host.ts'
import { virtualClock } from '../../virtual-clock.ts'
import { fill, newDatabase, PLAIN_OPTIONS } from './export-world.ts'

let folder: TempFolder
let db: Db

beforeEach(() => {
  folder = tempFolder()
  db = newDatabase(folder.file('a.db'))
  fill(db, 200, 1)
})

afterEach(() => {
  db.$client.close()
  folder[Symbol.dispose]()
})

const clock = virtualClock()

function exportTo(destination: Destination, signal = new AbortController().signal, onProgress: () => void = () => {}) {
  return exportDataset(db, { ...PLAIN_OPTIONS, destination, clock, signal, onProgress })
}

async function failure(work: Promise<unknown>): Promise<ChpipeError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof ChpipeError) return error
  throw error ?? new Error('it did not fail')
}

const contents = (path: string) =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(`${path}/${name}`, 'utf8')]))

describe('an interrupted export', () => {
  test('leaves an earlier delivery whole and nothing else', async () => {
    const destination = destinationOf(folder.file('out'), true)
    await exportTo(destination)
    const before = contents(folder.file('out'))
    fill(db, 50, 1, 200)
    const stop = new AbortController()
    const reason = new ChpipeError('interrupted', 'Interrupted')
    expect(await failure(exportTo(destination, stop.signal, () => stop.abort(reason)))).toBe(reason)
    expect(contents(folder.file('out'))).toEqual(before)
    expect((await exportTo(destination)).files[0]?.rows).toBe(250)
  })

  test('removes the folders that it created', async () => {
    const stop = AbortSignal.abort(new ChpipeError('interrupted', 'Interrupted'))
    await failure(exportTo(destinationOf(folder.file('new/er/out'), true), stop))
    expect(existsSync(folder.file('new'))).toBe(false)
  })

  test('leaves an earlier file as it was', async () => {
    writeFileSync(folder.file('x.csv'), 'earlier')
    const stop = AbortSignal.abort(new ChpipeError('interrupted', 'Interrupted'))
    await failure(exportTo(destinationOf(folder.file('x.csv'), false), stop))
    expect(readdirSync(folder.path).filter((name) => name.includes('x.csv'))).toEqual(['x.csv'])
    expect(readFileSync(folder.file('x.csv'), 'utf8')).toBe('earlier')
  })
})

describe('a destination that cannot be written', () => {
  test.each([
    ['missing/x.csv', 'The folder does not exist'],
    ['a.db/', 'There is a file where the folder should be'],
    ['a.db/out/', 'Part of the path is not a folder'],
    ['a.db/x.csv', 'Part of the path is not a folder'],
  ])('%s: %s', async (path, sentence) => {
    const error = await failure(exportTo(destinationOf(folder.file(path.replace(/\/$/, '')), path.endsWith('/'))))
    expect([error.kind, error.message.split(':')[0]]).toEqual(['data', sentence])
  })

  test('a folder in the place of one of its files changes nothing', async () => {
    mkdirSync(folder.file('out/officers.csv'), { recursive: true })
    const error = await failure(exportTo(destinationOf(folder.file('out'), true)))
    expect(error.message).toBe(`There is a folder where the file should be: ${folder.file('out/officers.csv')}`)
    expect(readdirSync(folder.file('out'))).toEqual(['officers.csv'])
  })

  test.runIf(existsSync('/dev/full'))('a full device is told as a full disk', async () => {
    const error = await failure(exportTo(destinationOf('/dev/full', false)))
    expect([error.kind, error.message]).toEqual(['data', 'The disk is full: /dev/full'])
  })

  test.runIf(canMount())('a disk that fills up on the way keeps the earlier delivery whole', async () => {
    const disk = folder.file('disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', disk])
    try {
      const destination = destinationOf(`${disk}/out`, true)
      db.$client.exec("DELETE FROM companies WHERE company_number > '00000020'")
      await exportTo(destination)
      const before = contents(`${disk}/out`)
      fill(db, 2000, 1, 500)
      const error = await failure(exportTo(destination))
      expect([error.kind, error.message.split(':')[0]]).toEqual(['data', 'The disk is full'])
      expect(contents(`${disk}/out`)).toEqual(before)
      expect(readdirSync(disk)).toEqual(['out'])
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

describe('what killed exports left', () => {
  test('goes with the next export, except where its process lives; nothing else is touched', async () => {
    mkdirSync(folder.file('out'))
    const put = (name: string, text = '') => writeFileSync(folder.file(`out/${name}`), text)
    put('.companies.csv.chpipe-999999999-0123abcd.tmp')
    put('.emails.csv.chpipe-999999999-0123abcd.tmp')
    put('.companies.sqlite.chpipe-999999999-0123abcd.tmp-journal')
    put('.companies.sqlite.chpipe-999999999-0123abcd.tmp-unpacked')
    put('.notes.txt.chpipe-999999999-0123abcd.old', 'set aside')
    put(`.companies.csv.chpipe-${process.ppid}-0123abcd.tmp`)
    put('.companies.csv.123-0123abcd.tmp')
    put('mine.txt')
    await exportTo(destinationOf(folder.file('out'), true))
    expect(readdirSync(folder.file('out'))).toEqual([
      '.companies.csv.123-0123abcd.tmp',
      `.companies.csv.chpipe-${process.ppid}-0123abcd.tmp`,
      'companies.csv',
      'manifest.json',
      'mine.txt',
      'notes.txt',
      'officers.csv',
    ])
  })
})

describe('replaceAll', () => {
  test('takes everything back when one rename fails', () => {
    const at = (name: string) => folder.file(name)
    writeFileSync(at('a'), 'old a')
    for (const name of ['a', 'b']) writeFileSync(at(`.${name}.tmp`), `new ${name}`)
    const renames = ['a', 'b', 'c'].map((name) => ({ from: at(`.${name}.tmp`), to: at(name) }))
    expect(() => replaceAll(renames, [])).toThrow(ChpipeError)
    expect(readFileSync(at('a'), 'utf8')).toBe('old a')
    expect(existsSync(at('b'))).toBe(false)
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.old'))).toEqual([])
  })
})

test('a symbolic link goes on pointing to the file that is replaced', async () => {
  writeFileSync(folder.file('real.csv'), 'earlier')
  symlinkSync(folder.file('real.csv'), folder.file('latest.csv'))
  await exportTo(destinationOf(folder.file('latest.csv'), false))
  expect(readFileSync(folder.file('real.csv'), 'utf8').startsWith('company_number,')).toBe(true)
  rmSync(folder.file('latest.csv'))
})

test('a reader that closes the pipe is passed on as such', async () => {
  const write = () => Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await expect(exportTo({ kind: 'stream', write })).rejects.toMatchObject({ code: 'EPIPE' })
})

function canMount(): boolean {
  const probe = tempFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe.path], { stdio: 'ignore' })
    execFileSync('umount', [probe.path])
    return true
  } catch {
    return false
  } finally {
    probe[Symbol.dispose]()
  }
}
