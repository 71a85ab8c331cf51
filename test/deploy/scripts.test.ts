import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { stage, until } from './staged.ts'

describe('cron-go-live.sh', () => {
  it('does nothing while the target is not reached', async () => {
    using here = stage()
    here.ends('progress', 1)
    expect(await here.run('cron-go-live.sh').ended).toEqual({ code: 0, stderr: '' })
    expect(here.calls()).toEqual(['progress --quiet'])
    expect(existsSync(here.file('live'))).toBe(false)
  })

  it('goes live when it is, everything is sound and a backup is made', async () => {
    using here = stage()
    expect((await here.run('cron-go-live.sh').ended).code).toBe(0)
    expect(here.calls()).toEqual(['progress --quiet', 'doctor --quiet', 'backup --quiet --keep 14'])
    expect(existsSync(here.file('live'))).toBe(true)
    expect((await here.run('cron-go-live.sh').ended).code).toBe(0)
    expect(here.calls()).toHaveLength(3)
  })

  it.each(['doctor', 'backup'])('stays as it is when %s fails', async (command) => {
    using here = stage()
    here.ends(command, 1)
    expect((await here.run('cron-go-live.sh').ended).code).toBe(1)
    expect(existsSync(here.file('live'))).toBe(false)
  })
})

describe('cron-stream.sh', () => {
  it('waits for the switch-over', async () => {
    using here = stage()
    expect((await here.run('cron-stream.sh').ended).code).toBe(0)
    expect(here.calls()).toEqual([])
  })

  it.each([
    [4, 'live'],
    [5, 'live'],
    [70, 'live'],
    [2, 'live.stopped'],
    [3, 'live.stopped'],
  ])('after an exit of %i leaves the mark %s', async (code, mark) => {
    using here = stage()
    writeFileSync(here.file('live'), '')
    here.ends('stream', code)
    const ended = await here.run('cron-stream.sh').ended
    expect(ended.code).toBe(code)
    expect(readdirSync(here.path).filter((name) => name.startsWith('live'))).toEqual([mark])
    expect(ended.stderr !== '').toBe(mark === 'live.stopped')
  })
})

describe('the budget of cron-stream.sh', () => {
  it.each([
    ['SNOV_CLIENT_ID=x\n', {}, '200/1d'],
    ['SNOV_CLIENT_ID=x\n', { CHPIPE_CREDIT_BUDGET: '5/1d' }, '5/1d'],
    ['CHPIPE_CREDIT_BUDGET=7/1d\n', {}, ''],
  ])('with a .env of %j and an environment of %j is %j', async (dotEnv, env, budget) => {
    using here = stage()
    writeFileSync(here.file('live'), '')
    writeFileSync(here.file('.env'), dotEnv)
    here.ends('stream', 4)
    await here.run('cron-stream.sh', [], env).ended
    expect(here.text('budget').trim()).toBe(budget)
  })
})

describe('metrics.sh', () => {
  it.each([0, 1])('writes the metrics whole when progress ends with %i', async (code) => {
    using here = stage()
    here.ends('progress', code, 'chpipe_companies 3\n')
    expect(await here.run('metrics.sh', [here.path]).ended).toEqual({ code: 0, stderr: '' })
    expect(here.text('chpipe.prom')).toBe('chpipe_companies 3\n')
    expect(here.calls()).toEqual(['progress --prometheus'])
  })

  it.each([
    [5, 'half a fi', 5],
    [1, '', 0],
  ])('keeps the last ones when progress ends with %i and says %j', async (code, says, wanted) => {
    using here = stage()
    writeFileSync(here.file('chpipe.prom'), 'chpipe_companies 2\n')
    here.ends('progress', code, says)
    expect((await here.run('metrics.sh', [here.path]).ended).code).toBe(wanted)
    expect(here.text('chpipe.prom')).toBe('chpipe_companies 2\n')
    expect(readdirSync(here.path).filter((name) => name.includes('.prom'))).toEqual(['chpipe.prom'])
  })
})

describe('render-start.sh', () => {
  const settings = (path: string) => ({ CHPIPE_DB: path, PORT: '8085', RETRY_SECONDS: '0.05' })

  it('makes a database, runs the API and the stream, and stops both well on SIGTERM', async () => {
    using here = stage()
    const { process, ended } = here.run('render-start.sh', [], settings(here.file('companies.db')))
    await until(() => here.calls().includes('stream --enrich') && here.calls().some((call) => call.startsWith('serve')))
    process.kill('SIGTERM')
    expect(await ended).toEqual({ code: 0, stderr: '' })
    const calls = here.calls()
    expect(calls[0]).toBe('suppress import - --quiet')
    expect(calls).toContain('serve --host 0.0.0.0 --port 8085')
    expect(calls.indexOf('backup --keep 7 --quiet')).toBeLessThan(calls.indexOf('stream --enrich'))
    expect(calls.slice(-2).toSorted()).toEqual(['serve stopped', 'stream stopped'])
  })

  it('fetches officers until the target is reached, and only then follows the stream', async () => {
    using here = stage()
    writeFileSync(here.file('companies.db'), 'x')
    here.ends('progress', 1)
    const { process, ended } = here.run('render-start.sh', [], settings(here.file('companies.db')))
    await until(() => here.calls().filter((call) => call === 'import-officers --quiet').length >= 2)
    expect(here.calls()).not.toContain('stream --enrich')
    here.ends('progress', 0)
    await until(() => here.calls().includes('stream --enrich'))
    process.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    expect(here.calls()).not.toContain('suppress import - --quiet')
  })

  it.each([
    ['stream', 4, 'serve'],
    ['serve', 3, 'stream'],
  ])('when %s ends with %i, stops %s and ends so', async (command, code, other) => {
    using here = stage()
    writeFileSync(here.file('companies.db'), 'x')
    const { ended } = here.run('render-start.sh', [], settings(here.file('companies.db')))
    const calls = () => here.calls().map((call) => call.split(' ')[0])
    await until(() => calls().includes('stream') && calls().includes('serve'))
    here.ends(command, code)
    expect(await ended).toEqual({ code, stderr: expect.stringContaining(`ended with ${code}`) })
    expect(here.calls()).toContain(`${other} stopped`)
    expect(here.calls()).not.toContain(`${command} stopped`)
  })

  it('says so when it may not write beside the database', async () => {
    using here = stage()
    const { code, stderr } = await here.run('render-start.sh', [], settings('/proc/chpipe/companies.db')).ended
    expect(code).toBe(3)
    expect(stderr).toContain('may not write to /proc/chpipe')
    expect(here.calls()).toEqual([])
  })
})
