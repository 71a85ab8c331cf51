import { mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { deltaDestination, deltaFile, newestDelta } from '../../../src/steps/export/destination.ts'
import { tempFolder } from '../../host.ts'

const NOON = Date.UTC(2026, 10, 27, 12)

test('deltas sort in the order in which they were made, also within a second and after a clock was set back', () => {
  using folder = tempFolder()
  const made: string[] = []
  for (const now of [NOON, NOON + 500, NOON - 3_600_000, ...Array(12).fill(NOON), NOON + 1000]) {
    const destination = deltaDestination({ kind: 'folder', path: folder.file('out') }, now)
    if (destination.kind === 'stream') throw new Error('a folder was asked for')
    mkdirSync(destination.path, { recursive: true })
    made.push(basename(destination.path))
    expect(newestDelta(folder.file('out'))).toBe(destination.path)
  }
  expect(made.toSorted()).toEqual(made)
  expect(new Set(made).size).toBe(16)
  expect([made[0], made[1], made.at(-1)]).toEqual(['20261127T120000Z', '20261127T120000Z-0002', '20261127T120001Z'])
})

test('a file has its deltas beside it', () => {
  using folder = tempFolder()
  mkdirSync(folder.file('delivery-delta-20261127T120000Z.zip'))
  expect(basename(deltaFile(folder.file('delivery.zip'), NOON))).toBe('delivery-delta-20261127T120000Z-0002.zip')
  expect(basename(deltaFile(folder.file('other.zip'), NOON))).toBe('other-delta-20261127T120000Z.zip')
})
