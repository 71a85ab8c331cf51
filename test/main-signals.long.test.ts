import type { EventEmitter } from 'node:events'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { outlivesTerminal } from '../src/print.ts'
import { createWorld } from '../src/sandbox/world/world.ts'
import { loadCompanies } from './acceptance/load-companies.ts'
import { type Child, startChild } from './child.ts'
import { run, tempFolder } from './host.ts'
import { scriptedServer, silent } from './scripted-server.ts'

describe('a process that waits for an answer', () => {
  async function waiting(body: (child: Child, asked: string[]) => Promise<void>, env: Record<string, string> = {}) {
    using folder = tempFolder()
    loadCompanies(folder, createWorld({ seed: 1, companies: 4, today: '2026-09-15' }))
    await using server = await scriptedServer(() => silent)
    const child = startChild(['import-officers'], {
      cwd: folder.path,
      env: { COMPANIES_HOUSE_API_URL: server.url, COMPANIES_HOUSE_API_KEY: 'a-key', ...env },
    })
    await expect.poll(() => server.asked.length).toBeGreaterThan(0)
    await body(child, server.asked)
  }

  it.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)('stops well at %s', async (signal) => {
    await waiting(async (child) => {
      child.process.kill(signal)
      expect(await child.ended).toMatchObject({
        code: 130,
        signal: null,
        stderr: expect.stringContaining('Interrupted'),
      })
    })
  })

  it('outlives SIGHUP under nohup, and stops at SIGTERM', async () => {
    await waiting(
      async (child) => {
        child.process.kill('SIGHUP')
        child.process.kill('SIGUSR1')
        await expect.poll(() => child.process.exitCode).toBeNull()
        child.process.kill('SIGTERM')
        const { code, stderr } = await child.ended
        expect([code, stderr]).toEqual([130, expect.not.stringContaining('Debugger')])
      },
      { _: '/usr/bin/nohup' },
    )
  })
})

describe('what outlives its terminal', () => {
  it.each([
    ['nothing', { fd0: '/dev/null', flags: '0100002', fd1: '/dev/pts/1', ignored: '0000000000001000' }, false],
    ["nohup's stdin", { fd0: '/dev/null', flags: '0100001', fd1: '/var/log/x', ignored: '0000000000000000' }, true],
    [
      "nohup's output",
      { fd0: '/dev/pts/1', flags: '02', fd1: '/home/me/nohup.out', ignored: '0000000000000000' },
      true,
    ],
    [
      'a parent that ignores it',
      { fd0: '/dev/pts/1', flags: '02', fd1: '/dev/pts/1', ignored: '0000000000000001' },
      true,
    ],
  ])('is told by %s', (_name, { fd0, flags, fd1, ignored }, outlives) => {
    using proc = tempFolder()
    for (const folder of ['self/fd', 'self/fdinfo', '77']) mkdirSync(proc.file(folder), { recursive: true })
    symlinkSync(fd0, proc.file('self/fd/0'))
    symlinkSync(fd1, proc.file('self/fd/1'))
    writeFileSync(proc.file('self/fdinfo/0'), `pos:\t0\nflags:\t${flags}\n`)
    writeFileSync(proc.file('self/status'), 'Name:\tnode\nPPid:\t77\nSigIgn:\t0000000000001000\n')
    writeFileSync(proc.file('77/status'), `Name:\tsh\nSigIgn:\t${ignored}\n`)
    expect(outlivesTerminal({}, proc.path)).toBe(outlives)
  })
})

it('a command listens to these signals until it has ended', async () => {
  const host: EventEmitter[] = []
  const names = () => host.flatMap((process) => process.eventNames())
  const ended = run(['--version'], { started: (process) => host.push(process) })
  expect(names()).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'])
  await ended
  expect(names()).toEqual([])
})
