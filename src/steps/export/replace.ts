// Putting finished files in the places of earlier ones, all or none.
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { extname, join } from 'node:path'
import { type FileEntry, outputError } from './formats/output.ts'

export const MANIFEST = 'manifest.json'

/** What lies beside a database while it is written. */
export const SQLITE_SUFFIXES = ['-journal', '-wal', '-shm', '-unpacked']

const LEFTOVER = /^\.(.+)\.chpipe-(\d+)-[0-9a-f]{8}\.(?:(tmp|old)|tmp-(?:journal|wal|shm|unpacked))$/

/** A hidden name beside `name` that tells which process uses it. */
export function temporaryName(name: string): string {
  return `.${name}.chpipe-${process.pid}-${randomBytes(4).toString('hex')}.tmp`
}

/** Whether a file of this name belongs to an export that is under way, or was. */
export function isTemporary(name: string): boolean {
  return LEFTOVER.test(name)
}

interface Leftover {
  /** The name of the file for which it was made. */
  name: string
  path: string
  kind: 'tmp' | 'old' | undefined
}

/**
 * Clears a folder of what killed exports left there. A delivery that was broken off while its files took their places is
 * undone, or ended when its manifest was in place: then it was whole. Where nothing may be written, nothing is done.
 */
export function sweep(folder: string): void {
  const byProcess = new Map<string, Leftover[]>()
  for (const file of readdirSync(folder)) {
    const [, name = '', pid = '', kind] = LEFTOVER.exec(file) ?? []
    if (pid === '' || livesElsewhere(Number(pid))) continue
    const found = { name, path: join(folder, file), kind: kind as Leftover['kind'] }
    byProcess.set(pid, [...(byProcess.get(pid) ?? []), found])
  }
  for (const leftovers of byProcess.values()) attempt(() => endBrokenOff(folder, leftovers))
}

function endBrokenOff(folder: string, leftovers: Leftover[]): void {
  const asides = leftovers.filter(({ kind }) => kind === 'old')
  const temporaries = leftovers.filter(({ kind }) => kind === 'tmp')
  const next = temporaries.find(({ name }) => name === MANIFEST)
  const earlier = asides.find(({ name }) => name === MANIFEST)
  if (next) {
    for (const { name, path } of asides) putBack(path, join(folder, name))
    const others = new Set([...asides, ...temporaries, ...listedFiles(join(folder, MANIFEST))].map(({ name }) => name))
    for (const file of listedFiles(next.path)) {
      const path = join(folder, file.name)
      if (!others.has(file.name) && PLAIN_NAME.test(file.name) && isFile(path, file)) rmSync(path)
    }
  } else if (earlier) {
    const names = listedFiles(join(folder, MANIFEST)).map(({ name }) => name)
    for (const path of staleFiles(folder, names, earlier.path)) rmSync(path, { force: true })
  }
  for (const { name, path, kind } of leftovers) {
    if (kind === 'old' && existsSync(path) && !existsSync(join(folder, name))) renameSync(path, join(folder, name))
    else if (path !== next?.path && path !== earlier?.path) rmSync(path, { recursive: true, force: true })
  }
  // Until here, a sweep that is broken off itself begins again.
  for (const last of [next, earlier]) if (last) rmSync(last.path, { force: true })
}

/** Whether the file that lies there is the one that a manifest lists. */
function isFile(path: string, { bytes, sha256 }: FileEntry): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.size !== bytes) return false
  const hash = createHash('sha256')
  const chunk = Buffer.alloc(1 << 20)
  const file = openSync(path, 'r')
  try {
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) hash.update(chunk.subarray(0, read))
  } finally {
    closeSync(file)
  }
  return hash.digest('hex') === sha256
}

/** Whether another process of this id is alive. */
export function livesElsewhere(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * What the earlier manifest lists in the formats of this delivery and this delivery no longer has: e-mails that were
 * erased must not lie beside a newer list of officers.
 */
export function staleFiles(folder: string, names: string[], manifest = join(folder, MANIFEST)): string[] {
  const formats = new Set(names.map(formatOf))
  return listedFiles(manifest)
    .map(({ name }) => name)
    .filter((name) => PLAIN_NAME.test(name) && formats.has(formatOf(name)) && !names.includes(name))
    .map((name) => join(folder, name))
}

const PLAIN_NAME = /^[a-z_]+\.[a-z]+(\.gz)?$/

/** Compressed or not, a file is of the same format. */
function formatOf(name: string): string {
  return extname(name.replace(/\.gz$/, ''))
}

function listedFiles(manifest: string): FileEntry[] {
  try {
    const { files } = JSON.parse(readFileSync(manifest, 'utf8')) as { files: FileEntry[] }
    return files.filter(({ name }) => typeof name === 'string')
  } catch {
    return []
  }
}

/**
 * Renames each file to its destination and removes the stale ones. Earlier files are set aside first; when one step fails, all
 * steps before it are taken back and a `data` error is thrown.
 */
export function replaceAll(renames: { from: string; to: string }[], stale: string[]): void {
  const undo: (() => void)[] = []
  const asides: string[] = []
  try {
    for (const { from, to } of renames) {
      if (existsSync(to)) {
        const aside = from.replace(/tmp$/, 'old')
        linkOrMove(to, aside)
        asides.push(aside)
        undo.push(() => putBack(aside, to))
      } else {
        undo.push(() => rmSync(to, { force: true }))
      }
      withDestination(to, () => renameSync(from, to))
    }
  } catch (error) {
    for (const step of undo.reverse()) attempt(step)
    throw error
  }
  for (const path of [...stale, ...asides]) attempt(() => rmSync(path, { force: true }))
}

/** Gives a finished file its name. Throws a `data` error when there is something of that name. */
export function placeNew(from: string, to: string): void {
  withDestination(to, () => {
    try {
      linkSync(from, to)
    } catch (error) {
      if (existsSync(to)) throw error
      // A file system without links.
      renameSync(from, to)
    }
  })
  attempt(() => rmSync(from, { force: true }))
}

/** Renaming one of two names of the same file does nothing, so the set-aside name is removed as well. */
function putBack(aside: string, path: string): void {
  renameSync(aside, path)
  rmSync(aside, { force: true })
}

/** Throws what goes wrong as an error about the destination. */
export function withDestination(path: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    throw outputError(error, path)
  }
}

/** What cannot be tidied up must not hide what happened. */
function attempt(step: () => void): void {
  try {
    step()
  } catch {}
}

/** A second name keeps the destination in place all the time; where links are unknown, the destination is moved away for a moment. */
function linkOrMove(path: string, aside: string): void {
  try {
    linkSync(path, aside)
  } catch {
    renameSync(path, aside)
  }
}
