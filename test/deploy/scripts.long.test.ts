import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Stage, stage, until } from './staged.ts'

describe('cron-go-live.sh', () => {
  it('does nothing while the target is not reached', async () => {
    using here = stage()
    here.ends('progress', 1)
    expect(await here.run('cron-go-live.sh').ended).toEqual({ code: 0, stderr: '' })
    expect(here.calls()).toEqual(['progress --quiet'])
    expect(existsSync(here.file('live'))).toBe(false)
  })

  it('goes live without a word when it is, everything is sound and a backup is made', async () => {
    using here = stage()
    here.ends('doctor', 0, 'a long table\n')
    here.ends('backup', 0, 'a summary\n')
    const run = here.run('cron-go-live.sh')
    expect(await run.ended).toEqual({ code: 0, stderr: '' })
    expect(run.stdout()).toBe('')
    expect(here.calls()).toEqual(['progress --quiet', 'doctor --quiet', 'backup --quiet --keep 14'])
    expect(existsSync(here.file('live'))).toBe(true)
    expect((await here.run('cron-go-live.sh').ended).code).toBe(0)
    expect(here.calls()).toHaveLength(3)
  })

  it.each(['doctor', 'backup'])('stays as it is when %s fails', async (command) => {
    using here = stage()
    here.ends(command, 1, 'what is wrong\n')
    const run = here.run('cron-go-live.sh')
    expect((await run.ended).code).toBe(1)
    expect(run.stdout()).toBe('what is wrong\n')
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
    [0, 'live'],
    [4, 'live'],
    [5, 'live'],
    [70, 'live'],
    [2, 'live.stopped'],
    [3, 'live.stopped'],
  ])('after an exit of %i leaves the mark %s, and is silent unless a person is needed', async (code, mark) => {
    using here = stage()
    writeFileSync(here.file('live'), '')
    here.ends('stream', code, 'error: what happened\n')
    const run = here.run('cron-stream.sh')
    const ended = await run.ended
    expect(ended.code).toBe(code)
    expect(readdirSync(here.path).filter((name) => name.startsWith('live'))).toEqual([mark])
    expect(run.stdout()).toBe('')
    expect(ended.stderr !== '').toBe(mark === 'live.stopped')
    expect(here.text('stream.log')).toBe('error: what happened\n')
    if (ended.stderr !== '') expect(ended.stderr).toContain('error: what happened')
    expect(here.calls()).toEqual(['stream --enrich --quiet --log-file stream.log'])
  })

  it('mails what keeps failing: once it has three times in a row, and not with every start', async () => {
    using here = stage()
    writeFileSync(here.file('live'), '')
    here.ends('stream', 4, 'error: an outage\n')
    const mailed: boolean[] = []
    for (let start = 0; start < 5; start += 1) {
      const { stderr } = await here.run('cron-stream.sh').ended
      mailed.push(stderr.includes('has failed') && stderr.includes('error: an outage'))
    }
    expect(mailed).toEqual([false, false, true, false, false])
    here.ends('stream', 0)
    await here.run('cron-stream.sh').ended
    here.ends('stream', 4)
    expect((await here.run('cron-stream.sh').ended).stderr).toBe('')
  })
})

describe('cron-check.sh', () => {
  it.each(['audit', 'doctor'])('runs %s, and mails only what is wrong', async (command) => {
    using here = stage()
    writeFileSync(here.file('live'), '')
    here.ends(command, 0, 'a long table\n')
    const well = here.run('cron-check.sh', [command])
    expect(await well.ended).toEqual({ code: 0, stderr: '' })
    expect(well.stdout()).toBe('')
    here.ends(command, 1, 'what is wrong\n')
    const bad = here.run('cron-check.sh', [command])
    expect((await bad.ended).code).toBe(0)
    expect(bad.stdout()).toBe('what is wrong\n')
  })

  it('audits nothing before the switch-over, and asks of the doctor no stream', async () => {
    using here = stage()
    await here.run('cron-check.sh', ['audit']).ended
    await here.run('cron-check.sh', ['doctor']).ended
    writeFileSync(here.file('live'), '')
    await here.run('cron-check.sh', ['audit']).ended
    await here.run('cron-check.sh', ['doctor']).ended
    expect(here.calls()).toEqual(['doctor --quiet', 'audit --repair --quiet', 'doctor --quiet --live'])
  })
})

describe('alert.sh', () => {
  it('tries again while the network is not up, then rests so that a unit in a loop is not told each time', async () => {
    using here = stage()
    here.stands('sleep')
    writeFileSync(here.file('alert'), 'echo "told $1" >>"$STAGE/calls"\n[ "$(grep -c told "$STAGE/calls")" -eq 3 ]\n')
    expect((await here.run('alert.sh', [here.file('alert'), 'chpipe-stream']).ended).code).toBe(0)
    const told = 'told chpipe-stream'
    expect(here.calls()).toEqual([told, 'sleep 5', told, 'sleep 10', told, 'sleep 900'])
  })

  it('gives up in the end, and says so', async () => {
    using here = stage()
    here.stands('sleep')
    writeFileSync(here.file('alert'), 'exit 7\n')
    const { code, stderr } = await here.run('alert.sh', [here.file('alert'), 'chpipe-stream']).ended
    expect([code, stderr]).toEqual([1, 'nobody could be told that chpipe-stream failed\n'])
  })
})

describe('container-entry.sh', () => {
  const entry = (here: Stage) => here.run('container-entry.sh', [here.file('data'), 'node', 'chpipe', 'progress'])
  const users = (here: Stage, uid: number, found = '') => {
    here.stands('id', `[ "$1" = -g ] && echo 1000 || echo ${uid}`)
    here.stands('getent', 'echo node:x:1000:1000::/home/node:/bin/sh')
    here.stands('find', found)
    here.stands('chown')
    here.stands('setpriv', 'while [ "$1" != chpipe ]; do shift; done; echo "home $HOME" >>"$STAGE/calls"; exec "$@"')
  }

  it('runs the command as it is when it is not root', async () => {
    using here = stage()
    users(here, 1000)
    expect((await entry(here).ended).code).toBe(0)
    expect(here.calls()).toEqual(['id -u', 'progress'])
  })

  it('as root takes over what is not the user’s, and then is the user', async () => {
    using here = stage()
    users(here, 0)
    here.ends('progress', 1)
    expect((await entry(here).ended).code).toBe(1)
    const data = here.file('data')
    expect(here.calls()).toEqual([
      'id -u',
      `find ${data} -xdev -path ${data}/lost+found -prune -o ! -user node -exec chown -h node: {} +`,
      'getent passwd node',
      'id -g node',
      'setpriv --reuid node --regid 1000 --init-groups --inh-caps=-all --no-new-privs chpipe progress',
      'home /home/node',
      'progress',
    ])
  })

  it.runIf(process.getuid?.() === 0)('hands over a whole folder, and none twice', async () => {
    using here = stage()
    here.stands('setpriv')
    mkdirSync(here.file('data/backups'), { recursive: true })
    mkdirSync(here.file('data/lost+found'))
    writeFileSync(here.file('outside'), '')
    writeFileSync(here.file('data/backups/old.db'), '')
    symlinkSync(here.file('outside'), here.file('data/link'))
    await here.run('container-entry.sh', [here.file('data'), 'nobody', 'true']).ended
    const owner = (name: string) => lstatSync(here.file(name)).uid
    const nobody = owner('data')
    expect(nobody).toBeGreaterThan(0)
    expect(['data/backups', 'data/backups/old.db', 'data/link'].map(owner)).toEqual([nobody, nobody, nobody])
    expect(['outside', 'data/lost+found'].map(owner)).toEqual([0, 0])
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
    ['stream', 3, 'progress', 0],
    ['import-officers', 3, 'progress', 1],
  ])('when %s ends with %i, which needs a person, leaves the API as it is', async (command, code, ready, answer) => {
    using here = stage()
    writeFileSync(here.file('companies.db'), 'x')
    here.ends(ready, answer)
    here.ends(command, code)
    const { process, ended } = here.run('render-start.sh', [], settings(here.file('companies.db')))
    let told = ''
    process.stderr?.on('data', (chunk) => {
      told += chunk
    })
    await until(() => told.includes(`the pipeline ended with ${code}`))
    expect(here.calls()).toContain('serve --host 0.0.0.0 --port 8085')
    expect(here.calls()).not.toContain('serve stopped')
    process.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    expect(here.calls()).toContain('serve stopped')
  })

  it('does each day what was last done a day ago, however often it is started', async () => {
    using here = stage()
    writeFileSync(here.file('companies.db'), 'x')
    const age = (name: string, hours: number) => {
      writeFileSync(here.file(`.last-${name}`), '')
      const then = Date.now() / 1000 - hours * 3600
      utimesSync(here.file(`.last-${name}`), then, then)
    }
    age('refresh', 23)
    age('backup', 1)
    age('audit', 25)
    here.ends('audit', 1)
    const env = { ...settings(here.file('companies.db')), CHECK_SECONDS: '0.05' }
    const { process, ended } = here.run('render-start.sh', [], env)
    const count = (call: string) => here.calls().filter((one) => one === call).length
    await until(() => count('audit --repair --quiet') === 1)
    // The audit, which found something, was done; a refresh that fails is tried again.
    here.ends('import-officers', 4)
    age('refresh', 24)
    await until(() => count('import-officers --refresh 30d --quiet') >= 2)
    here.ends('import-officers', 0)
    process.kill('SIGTERM')
    expect((await ended).code).toBe(0)
    expect([count('audit --repair --quiet'), count('backup --keep 7 --quiet')]).toEqual([1, 0])
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
