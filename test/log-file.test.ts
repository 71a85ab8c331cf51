import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { expect, it } from 'vitest'
import { logToFile } from '../src/log.ts'
import { run, tempFolder } from './host.ts'

it('a log file that vanishes is told of once, tried again, and ends nothing', () => {
  using folder = tempFolder()
  mkdirSync(folder.file('logs'))
  const file = folder.file('logs/run.log')
  const told: string[] = []
  const write = logToFile(file, (line) => told.push(line))
  write('one')
  renameSync(folder.file('logs'), folder.file('moved'))
  for (const line of ['two', 'three']) write(line)
  expect(told).toEqual([
    `the log file cannot be written, going on without it and trying again: there is no such file or folder: ${file}`,
  ])
  renameSync(folder.file('moved'), folder.file('logs'))
  write('four')
  write('five')
  expect(told.slice(1)).toEqual([`the log file takes lines again; 2 could not be written: ${file}`])
  expect(readFileSync(file, 'utf8')).toBe('one\n\nfour\nfive\n')
})

it('a full device as the log file ends no command', async () => {
  using folder = tempFolder()
  const args = ['token', 'add', 'acme', '--log-file', '/dev/full']
  const { code, stderr } = await run(args, { cwd: folder.path })
  expect([code, stderr.split('\n').slice(0, -1)]).toEqual([
    0,
    ['the log file cannot be written, going on without it and trying again: the disk is full: /dev/full'],
  ])
})

it('a log file that cannot be opened to begin with is refused', async () => {
  using folder = tempFolder()
  const { code, stderr } = await run(['progress', '--log-file', 'nowhere/run.log'], { cwd: folder.path })
  expect([code, stderr]).toEqual([
    5,
    `error: The log file cannot be written: ${folder.file('nowhere/run.log')}
try: name a file in a folder that exists and may be written
`,
  ])
})
