// Putting finished files in the places of earlier ones, all or none.
import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { extname, join } from 'node:path'
import { outputError } from './output.ts'

const LEFTOVER = /^\.(.+)\.chpipe-(\d+)-[0-9a-f]{8}\.(tmp|old)$/

/** A hidden name beside `name` that tells which process uses it. */
export function temporaryName(name: string): string {
  return `.${name}.chpipe-${process.pid}-${randomBytes(4).toString('hex')}.tmp`
}

/** Clears a folder of what killed exports left there; an earlier file that was set aside goes back when it is missed. */
export function sweep(folder: string): void {
  for (const leftover of readdirSync(folder)) {
    const [, name = '', pid = '', kind] = LEFTOVER.exec(leftover) ?? []
    if (!kind || livesElsewhere(Number(pid))) continue
    const path = join(folder, leftover)
    if (kind === 'old' && !existsSync(join(folder, name))) renameSync(path, join(folder, name))
    else rmSync(path, { force: true })
  }
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
export function staleFiles(folder: string, names: string[], manifest: string): string[] {
  const formats = new Set(names.map(formatOf))
  return listedFiles(join(folder, manifest))
    .filter((name) => PLAIN_NAME.test(name) && formats.has(formatOf(name)) && !names.includes(name))
    .map((name) => join(folder, name))
}

const PLAIN_NAME = /^[a-z]+\.[a-z]+(\.gz)?$/

/** Compressed or not, a file is of the same format. */
function formatOf(name: string): string {
  return extname(name.replace(/\.gz$/, ''))
}

function listedFiles(manifest: string): string[] {
  try {
    const { files } = JSON.parse(readFileSync(manifest, 'utf8')) as { files: { name: string }[] }
    return files.map(({ name }) => name)
  } catch {
    return []
  }
}

/**
 * Renames each file to its goal and removes the stale ones. Earlier files are set aside first; when one step fails, all
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
      withGoal(to, () => renameSync(from, to))
    }
  } catch (error) {
    for (const step of undo.reverse()) attempt(step)
    throw error
  }
  for (const path of [...stale, ...asides]) attempt(() => rmSync(path, { force: true }))
}

/** Renaming one of two names of the same file does nothing, so the set-aside name is removed as well. */
function putBack(aside: string, path: string): void {
  renameSync(aside, path)
  rmSync(aside, { force: true })
}

function withGoal(path: string, body: () => void): void {
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

/** A second name keeps the goal in place all the time; where links are unknown, the goal is moved away for a moment. */
function linkOrMove(path: string, aside: string): void {
  try {
    linkSync(path, aside)
  } catch {
    renameSync(path, aside)
  }
}
