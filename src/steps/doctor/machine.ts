// What the machine brings along, whatever is in the database.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { sqliteVersion } from '../../db/open.ts'
import { type ChpipeError, errorMessage } from '../../errors.ts'
import { ambiguousLines, ambiguousValues, decodeEnvFile, isOwnVariable, type Settings } from '../../settings.ts'
import { formatBytes } from '../../text.ts'
import { proxyFor, proxyName } from '../../upstream/wire.ts'
import { defaultFolder, freeBytes } from '../backup/destination.ts'
import { type Check, fail, ok, warn } from './check.ts'

/** Less than this and the next import, or the log of a busy stream, fills the disk. */
const LEAST_FREE_BYTES = 1e9

/** Whether this Node is new enough; `needed` is the package's own word, such as `>=22.13`. */
export function checkNode(version: string, needed: string): Check {
  const [major = 0, minor = 0] = numbersOf(version)
  const [leastMajor = 0, leastMinor = 0] = numbersOf(needed)
  const enough = major > leastMajor || (major === leastMajor && minor >= leastMinor)
  if (enough) return ok('node', version)
  return fail('node', `${version} is too old; chpipe needs ${needed}`, 'install a newer Node and run npm ci again')
}

function numbersOf(version: string): number[] {
  return (version.match(/\d+/g) ?? []).map(Number)
}

/** Whether SQLite can be loaded: its binary belongs to one system and processor. */
export function checkSqlite(): Check {
  try {
    return ok('sqlite', sqliteVersion())
  } catch (error) {
    return fail('sqlite', `SQLite cannot be loaded: ${errorMessage(error)}`, 'npm ci')
  }
}

/** The disk that the database lies on. `free` is asked with the folder and tells bytes, or null. */
export function checkDisk(database: string, free: (folder: string) => number | null = freeBytes): Check {
  const folder = dirname(database)
  const left = free(folder)
  if (left === null) return warn('disk', `the free space cannot be read: ${folder}`, 'check it by hand: df -h')
  const message = `${formatBytes(left)} free`
  if (left < LEAST_FREE_BYTES) {
    return fail('disk', `${message}: ${folder}`, 'free some space, or move the database to a larger disk')
  }
  const size = statSync(database, { throwIfNoEntry: false })?.size ?? 0
  if (left < size)
    return warn('disk', `${message}, less than a backup here needs`, 'back up to another disk with --out')
  return ok('disk', message)
}

/** The folder for temporary files, when it does not lie on the disk of the database: imports and exports need it. */
export function checkTemporary(folder: string, free: (folder: string) => number | null = freeBytes): Check {
  const left = free(folder)
  const hint = 'free some space, or name a folder on a larger disk with CHPIPE_TMP'
  if (left === null) return warn('temporary', `the free space cannot be read: ${folder}`, hint)
  const message = `temporary files go to ${folder}, ${formatBytes(left)} free`
  return left < LEAST_FREE_BYTES ? warn('temporary', message, hint) : ok('temporary', message)
}

/** Whether others on this machine can read what is yours alone. */
export function checkPermissions({ db }: Settings, cwd: string | null): Check {
  if (process.platform === 'win32') return ok('permissions', 'not available on this system')
  const files = [
    ...(cwd === null ? [] : [join(cwd, '.env')]),
    db,
    `${db}-wal`,
    `${db}-shm`,
    `${db}-names`,
    ...backupsIn(defaultFolder(db)),
  ]
  const open = files.filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o066) !== 0)
  const [first] = open
  if (first === undefined) return ok('permissions', 'only you can read the database, its backups and .env')
  const more = open.length > 1 ? ` and ${open.length - 1} more` : ''
  return warn('permissions', `others on this machine may read ${first}${more}`, `chmod 600 ${open.join(' ')}`)
}

function backupsIn(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.db'))
    .map((name) => join(folder, name))
}

/** Whether each variable that is set can be used; one that is wrong counts as not set. */
export function checkSettings(faults: readonly ChpipeError[]): Check {
  const [first, ...more] = faults
  if (!first) return ok('settings', 'every variable that is set can be used')
  const message = [first, ...more].map(({ message }) => message).join('; ')
  return fail('settings', message, first.hint ?? 'see the table of variables: chpipe help environment')
}

/** Which servers are meant; other ones than the real ones are named. */
export function checkAddresses(settings: Settings, defaults: Settings): Check {
  const names = ['companiesHouseApiUrl', 'companiesHouseStreamUrl', 'snovApiUrl'] as const
  const custom = names.filter((name) => settings[name] !== defaults[name]).map((name) => settings[name])
  if (settings.timeScale !== 1) {
    const message = `CHPIPE_TIME_SCALE is ${settings.timeScale}, a test aid${custom.length > 0 ? `; ${custom.join(', ')}` : ''}`
    return warn('addresses', message, 'unset CHPIPE_TIME_SCALE in production')
  }
  return ok('addresses', custom.length === 0 ? 'the real services' : `not the real services: ${custom.join(', ')}`)
}

// What the environment says, and whether everybody who reads it understands the same.

/** Whether systemd, docker, a shell and chpipe read the settings alike. Names variables, never values. */
export function checkEnvironment(env: Record<string, string | undefined>, cwd: string | null): Check {
  const found = [
    ...(cwd === null ? [] : ambiguousLines(readEnvFile(join(cwd, '.env')))),
    ...ambiguousValues(env, Object.keys(env)).filter(({ what }) => !what.includes('shell')),
  ].filter(({ name }) => isOwnVariable(name))
  if (found.length === 0) return ok('environment', 'means the same to systemd, docker, a shell and chpipe')
  const message = [...new Set(found.map(({ name, what }) => `${name} ${what}`))].join('; ')
  return warn(
    'environment',
    `not everybody reads it alike: ${message}`,
    'write NAME=value and nothing else on the line',
  )
}

function readEnvFile(file: string): string {
  try {
    return decodeEnvFile(readFileSync(file), file)
  } catch {
    return ''
  }
}

/** Which proxy leads to which service, without its credentials. */
export function checkProxy({
  proxies,
  companiesHouseApiUrl,
  companiesHouseStreamUrl,
  snovApiUrl,
}: Pick<Settings, 'proxies' | 'companiesHouseApiUrl' | 'companiesHouseStreamUrl' | 'snovApiUrl'>): Check {
  const ways = [companiesHouseApiUrl, companiesHouseStreamUrl, snovApiUrl].map((address) => {
    const target = new URL(address)
    const proxy = proxyFor(target, proxies)
    return proxy ? `${target.host} through ${proxyName(proxy)}` : null
  })
  const used = [...new Set(ways.filter((way) => way !== null))]
  return ok('proxy', used.length === 0 ? 'none is used' : used.join('; '))
}
