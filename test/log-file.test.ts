import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { PassThrough } from 'node:stream'
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

it('gets on a terminal the status as a line now and then, without drawings', async () => {
  const { createStatus, watchStatus } = await import('../src/commands/output.ts')
  const lines: string[] = []
  let now = 0
  const context = {
    host: { stderr: Object.assign(new PassThrough(), { isTTY: true, columns: 80, ...still }), env: { TERM: 'dumb' } },
    clock: { steady: () => now },
    log: { info: (line: string) => lines.push(line) },
    beforeLine: { run() {} },
    logsToFile: true,
  } as never
  {
    using status = await createStatus(context)
    status.update('████░░░░ 5 of 10')
    now = 31_000
    status.update('██████░░ 7 of 10')
  }
  {
    using _watch = await watchStatus(context, { line: (columns) => `██░░ in ${columns}` })
    now = 70_000
    await expect.poll(() => lines.length).toBe(2)
  }
  expect(lines).toEqual(['7 of 10', 'in Infinity'])
})

const still = { cursorTo: () => true, clearLine: () => true, moveCursor: () => true }
