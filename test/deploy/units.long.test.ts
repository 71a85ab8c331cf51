import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { listCommands, listGlobalOptions } from '../../src/commands/index.ts'
import { exitCodes } from '../../src/main.ts'
import { tempFolder } from '../host.ts'
import { type Stage, stage } from './staged.ts'

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url))
// The pages for people are looked at with the others.
const files = readdirSync(DEPLOY).filter((name) => !name.endsWith('.md'))
const services = files.filter((name) => name.endsWith('.service'))
const timers = files.filter((name) => name.endsWith('.timer'))
const ours = services.filter((name) => name !== 'chpipe-alert@.service')

/** What the contract promises; some of it is built beside this. */
const OPTIONS = ['--prometheus']
const COMMANDS =
  'import-companies import-officers progress stream enrich export publish backup doctor audit suppress serve token sandbox demo'

interface Setting {
  section: string
  key: string
  value: string
}

describe('the systemd units', () => {
  it('are accepted by systemd', () => {
    const paths = [...services, ...timers].map((name) => join(DEPLOY, name))
    expect(paths.length).toBeGreaterThan(10)
    const { error, stdout, stderr } = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' })
    const said = error ? paths.flatMap((path) => readUnit(path).filter(({ value }) => value === '')) : stdout + stderr
    expect(said).toEqual(error ? [{ section: 'Service', key: 'CapabilityBoundingSet', value: '' }] : '')
  })

  it('have a service for every timer', () => {
    expect(timers.length).toBeGreaterThan(4)
    expect(timers.filter((timer) => !services.includes(timer.replace('.timer', '.service')))).toEqual([])
    expect(timers.map((timer) => valuesOf(timer, 'WantedBy'))).toEqual(timers.map(() => ['timers.target']))
  })

  it.each(ours)('%s runs as its own user, in the same sandbox as the others, and tells of failures', (name) => {
    expect(valuesOf(name, 'User')).toEqual(['chpipe'])
    expect(valuesOf(name, 'StateDirectory')).toEqual(['chpipe'])
    expect(valuesOf(name, 'OnFailure')).toEqual(['chpipe-alert@%N.service'])
    expect(sandboxOf(name)).toEqual(sandboxOf('chpipe-stream.service'))
    expect(sandboxOf(name).length).toBeGreaterThan(15)
  })

  it('start the stream and the API again, but not when a person is needed', () => {
    const needsPerson = `${exitCodes.usage} ${exitCodes.config}`
    for (const name of ['chpipe-stream.service', 'chpipe-serve.service']) {
      expect(valuesOf(name, 'Restart')).toEqual(['always'])
      expect(valuesOf(name, 'RestartPreventExitStatus')).toEqual([needsPerson])
      expect(valuesOf(name, 'StartLimitIntervalSec')).toEqual(['0'])
    }
  })

  it.each([
    ['exit-code', ['systemctl start --no-block chpipe-alert@chpipe-stream.service']],
    ['oom-kill', ['systemctl start --no-block chpipe-alert@chpipe-stream.service']],
    ['success', []],
  ])('tell of a stream that is started again after its end was %s', async (SERVICE_RESULT, calls) => {
    using here = stage()
    here.stands('systemctl')
    for (const name of ['chpipe-stream.service', 'chpipe-serve.service']) {
      expect(valuesOf(name, 'ExecStopPost')).toHaveLength(1)
    }
    here.shell(shellOf('chpipe-stream.service', 'ExecStopPost'), { SERVICE_RESULT })
    expect(here.calls()).toEqual(calls)
  })

  it.each([
    ['enabled', 0, ['systemctl -q is-enabled chpipe-stream', 'doctor --live']],
    ['disabled', 1, ['systemctl -q is-enabled chpipe-stream', 'doctor']],
  ])('ask for a live stream once its unit is %s', (_name, code, calls) => {
    using here = stage()
    here.stands('systemctl', `exit ${code}`)
    here.shell(shellOf('chpipe-doctor.service', 'ExecStart'))
    expect(here.calls()).toEqual(calls)
  })

  it('tell nobody of an import or an audit that was stopped, and go on with the import after a boot', () => {
    for (const name of ['chpipe-import-officers.service', 'chpipe-audit.service']) {
      expect(valuesOf(name, 'SuccessExitStatus')).toEqual([`${exitCodes.interrupted} SIGTERM`])
    }
    expect(valuesOf('chpipe-import-officers.timer', 'OnBootSec')).toEqual(['5min'])
  })

  it('have one name in the journal', () => {
    expect(services.map((name) => valuesOf(name, 'SyslogIdentifier'))).toEqual(services.map(() => ['chpipe']))
  })

  it('tell with a script that is in the package, when the network is up', () => {
    const [program = ''] = valuesOf('chpipe-alert@.service', 'ExecStart')
    expect(program).toMatch(/\/deploy\/alert\.sh \/etc\/chpipe\/alert %i$/)
    expect(files).toContain('alert.sh')
    expect(valuesOf('chpipe-alert@.service', 'After')).toEqual(['network-online.target'])
  })

  it('go live only when ready, sound and backed up, and then no more', () => {
    expect(valuesOf('chpipe-go-live.service', 'ExecCondition')).toEqual(['/usr/bin/env chpipe progress --quiet'])
    expect(valuesOf('chpipe-go-live.service', 'ExecStart')).toEqual([
      '/usr/bin/env chpipe doctor',
      '/usr/bin/env chpipe backup --keep 14',
      '+/usr/bin/env systemctl enable --now chpipe-stream.service chpipe-audit.timer',
      '+/usr/bin/env systemctl disable --now chpipe-go-live.timer',
    ])
  })
})

describe('the crontab', () => {
  const lines = read('crontab')
    .split('\n')
    .filter((line) => /^[\d*]/.test(line))

  it('has five fields of time, a lock, and no bare per cent sign in every line', () => {
    expect(lines.length).toBeGreaterThan(7)
    const fields = String.raw`(?:\*|\d+|\*\/\d+)`
    const shape = new RegExp(`^(?:${fields} ){5}cd /var/lib/chpipe && .*flock -n [\\w-]+\\.lock `)
    expect(lines.filter((line) => !shape.test(line) || /(?<!\\)%/.test(line))).toEqual([])
  })

  it('has shell commands that the shell can read, and scripts that exist', () => {
    for (const line of lines) {
      const { status, stderr } = spawnSync('sh', ['-n', '-c', line.replace(/^(?:\S+ ){5}/, '')], { encoding: 'utf8' })
      expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: '' })
    }
    const scripts = lines.flatMap((line) => /\$DEPLOY\/([\w.-]+)/.exec(line)?.[1] ?? [])
    expect(scripts.length).toBeGreaterThan(2)
    expect(scripts.filter((script) => !files.includes(script))).toEqual([])
  })
})

describe('what cron runs', () => {
  const lines = read('crontab')
    .split('\n')
    .filter((line) => /^[\d*]/.test(line))
    .map((line) => line.replace(/^(?:\S+ ){5}/, ''))
  const runLine = (here: Stage, line: string) =>
    here.shell(line.replace('cd /var/lib/chpipe', `cd ${here.path}`), { DEPLOY, METRICS: here.file('none') })

  it.each(lines)('says nothing while nothing is wrong: %s', (line) => {
    for (const marks of [[], ['live']]) {
      using here = stage()
      for (const mark of marks) writeFileSync(here.file(mark), '')
      for (const command of COMMANDS.split(' ')) here.ends(command, 0, `${command} has a lot to say\n`)
      expect(runLine(here, line)).toBe('')
    }
  })

  it('tells of each command that fails', () => {
    const failing = ['doctor', 'audit', 'backup']
    const said = failing.map((command) => {
      using here = stage()
      writeFileSync(here.file('live'), '')
      here.ends('stream', 0)
      here.ends(command, 5, 'what is wrong\n', 'error: it failed\n')
      return lines.map((line) => runLine(here, line)).join('')
    })
    expect(said.map((text) => text.includes('error: it failed'))).toEqual(failing.map(() => true))
  })
})

describe('every command line in deploy/', () => {
  const shown = files
    .filter((name) => !name.startsWith('Dockerfile'))
    .flatMap((name) => [...codeOf(name).matchAll(/(?<![\w/.-])chpipe ([a-z][a-z-]+)((?: (?!&&|\|\||>)[^\s;|>]+)*)/g)])

  it('names a command of chpipe', () => {
    expect(shown.length).toBeGreaterThan(20)
    expect(shown.map(([, name = '']) => name).filter((name) => !COMMANDS.split(' ').includes(name))).toEqual([])
  })

  it('has options that its command has', async () => {
    const catalogue = await listCommands()
    const everywhere = listGlobalOptions().map(({ long }) => long)
    const unknown = shown.flatMap(([line, name, rest = '']) => {
      const parts = catalogue.filter(({ path }) => path.split(' ')[0] === name)
      const known = [...OPTIONS, ...everywhere, ...parts.flatMap(({ options }) => options.map(({ long }) => long))]
      const used = rest.match(/--[\w-]+/g) ?? []
      return parts.length > 0 && used.some((option) => !known.includes(option)) ? [line] : []
    })
    expect(unknown).toEqual([])
  })
})

describe('the stream that buys', () => {
  it('has a budget wherever it is started, and .env may set another', () => {
    expect(valuesOf('chpipe-stream.service', 'Environment')).toContain('CHPIPE_CREDIT_BUDGET=200/1d')
    const unit = read('chpipe-stream.service')
    expect(unit.indexOf('EnvironmentFile=')).toBeGreaterThan(unit.indexOf('CHPIPE_CREDIT_BUDGET'))
    expect(read('Dockerfile')).toMatch(/^ENV .*CHPIPE_CREDIT_BUDGET=200\/1d$/m)
    expect(read('render.yaml')).toMatch(/- key: CHPIPE_CREDIT_BUDGET\n\s+value: 200\/1d\n/)
  })
})

describe('nginx before the API', () => {
  it('says who asks, buffers no stream, and speaks TLS to others and HTTP to serve', () => {
    const recipe = read('nginx.conf')
    const [, port] = /chpipe serve --port (\d+) --trust-proxy loopback/.exec(read('chpipe-serve.service')) ?? []
    expect(recipe).toContain(`server 127.0.0.1:${port};`)
    for (const line of [
      'proxy_set_header X-Forwarded-For $remote_addr;',
      'proxy_buffering off;',
      'proxy_http_version 1.1;',
      'ssl_protocols TLSv1.2 TLSv1.3;',
    ]) {
      expect(recipe).toContain(`  ${line}\n`)
    }
    expect(recipe.match(/[{]/g)?.length).toBe(recipe.match(/[}]/g)?.length)
    expect(packageJson.files).toContain('deploy/nginx.conf')
  })
})

describe('the package', () => {
  it('needs the SQLite driver and nothing else: all the rest is in the bundle', () => {
    using folder = tempFolder()
    const root = fileURLToPath(new URL('../..', import.meta.url))
    for (const name of ['bin', 'dist', 'drizzle', 'package.json']) {
      cpSync(join(root, name), folder.file(name), { recursive: true })
    }
    mkdirSync(folder.file('node_modules'))
    const needed = Object.keys(packageJson.dependencies)
    expect(needed).toEqual(['better-sqlite3'])
    for (const name of needed) symlinkSync(join(root, 'node_modules', name), folder.file(`node_modules/${name}`))
    const modules = readdirSync(folder.file('dist')).filter((name) => name.endsWith('.js'))
    expect(modules.length).toBeGreaterThan(20)
    const load = modules.map((name) => `await import('./dist/${name}')`).join('\n')
    const loaded = spawnSync(process.execPath, ['--input-type=module', '-e', load], {
      cwd: folder.path,
      encoding: 'utf8',
    })
    expect([loaded.status, loaded.stderr]).toEqual([0, ''])
    const asked = spawnSync(process.execPath, ['bin/chpipe.js', 'doctor', '--offline'], {
      cwd: folder.path,
      encoding: 'utf8',
    })
    expect(asked.stdout).toMatch(/^ok {4}sqlite/m)
  })
})

describe('the container', () => {
  it('holds every package that the bundle imports', () => {
    const dist = fileURLToPath(new URL('../../dist/', import.meta.url))
    const code = readdirSync(dist).flatMap((name) =>
      name.endsWith('.js') ? [readFileSync(join(dist, name), 'utf8')] : [],
    )
    const imported = code.flatMap((text) =>
      [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?)"((?:@[\w-]+\/)?[a-z][\w-]*)"/g)].map(([, name = '']) => name),
    )
    const packages = [...new Set(imported)].filter((name) => !isBuiltin(name))
    expect(packages).toEqual(['better-sqlite3'])
    for (const name of packages) {
      expect(read('Dockerfile')).toMatch(new RegExp(`node_modules/${name}$`, 'm'))
    }
  })

  it('holds everything that the package holds', () => {
    const copied = [...read('Dockerfile').matchAll(/\/app\/([\w.]+)/g)].map(([, name]) => name)
    const published = [...packageJson.files.map((path) => path.split('/')[0]), 'package.json', 'README.md', 'LICENSE']
    expect(published.filter((name) => !copied.includes(name))).toEqual([])
    expect(read('Dockerfile')).toMatch(/^ENTRYPOINT .*container-entry\.sh", "\/data", "node"\]$/m)
  })

  it('gets from Render only variables that chpipe reads, and no secret from the file', () => {
    const settings = readFileSync(new URL('../../src/settings.ts', import.meta.url), 'utf8')
    const entries = [...read('render.yaml').matchAll(/- key: (\w+)\n\s+(\w+): (.*)/g)]
    expect(entries.length).toBeGreaterThan(4)
    for (const [, key = '', kind] of entries) {
      expect(key === 'PORT' || settings.includes(key)).toBe(true)
      expect(kind).toBe(/KEY|SECRET|ID$/.test(key) ? 'sync' : 'value')
    }
  })
})

/** The settings of a unit in their order. Throws for a line that is none. */
function readUnit(path: string): Setting[] {
  let section = ''
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      if (line === '' || line.startsWith('#')) return []
      const heading = /^\[(Unit|Service|Timer|Install)\]$/.exec(line)?.[1]
      if (heading) section = heading
      if (heading) return []
      const [, key, value] = /^([A-Z]\w+)=(.*)$/.exec(line) ?? []
      if (key === undefined || value === undefined || section === '') throw new Error(`${path}: ${line}`)
      return [{ section, key, value }]
    })
}

function valuesOf(name: string, wanted: string): string[] {
  return readUnit(join(DEPLOY, name)).flatMap(({ key, value }) => (key === wanted ? [value] : []))
}

/** The shell line of a setting, as systemd hands it over for the stream's unit. */
function shellOf(name: string, key: string): string {
  const [value = ''] = valuesOf(name, key)
  const [, line = ''] = /\/bin\/sh -c '([^']+)'/.exec(value) ?? []
  return line.replaceAll('$$', '$').replaceAll('%N', 'chpipe-stream')
}

function sandboxOf(name: string): Setting[] {
  const settings = readUnit(join(DEPLOY, name))
  return settings.filter(({ key }) =>
    /^(Protect|Private|Restrict(?!Prevent)|SystemCall|NoNew|Lock|Capab|Remove|UMask)/.test(key),
  )
}

/** A file of `deploy/` without its comments. */
function codeOf(name: string): string {
  return read(name)
    .split('\n')
    .filter((line) => !/^\s*#|^Description=|^\s*echo /.test(line))
    .join('\n')
}

function read(name: string): string {
  return readFileSync(join(DEPLOY, name), 'utf8')
}
