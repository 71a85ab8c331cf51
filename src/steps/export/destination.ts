// Where an export goes. Files are written under temporary names beside their destinations and take the destinations' places at the
// very end, so whatever goes wrong before leaves an earlier delivery whole and nothing half-done.
import { existsSync, readdirSync, realpathSync, renameSync, rmSync, type Stats, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { stampOf } from '../../clock.ts'
import type { DatasetTable } from '../../db/dataset/columns.ts'
import { ChpipeError } from '../../errors.ts'
import { makeFolder, makeFolders, removeEmptyFolders, syncFolder } from '../../files.ts'
import type { SignedDelivery } from '../../signed.ts'
import { safeJson } from '../../text.ts'
import { createOutput, type FileEntry, fileOutput, type Output, outputError } from './formats/output.ts'
import {
  MANIFEST,
  placeNew,
  replaceAll,
  SQLITE_SUFFIXES,
  staleFiles,
  sweep,
  temporaryName,
  withDestination,
} from './replace.ts'

export type Destination =
  | { kind: 'stream'; write(bytes: Uint8Array): Promise<void> }
  /** `isNew`: nothing of that name is ever replaced. */
  | { kind: 'file'; path: string; isNew?: boolean }
  | { kind: 'folder'; path: string }

export interface Manifest extends SignedDelivery {
  schema_version: number
  program_version: string
  as_of: string
  /** For whom it was made, where somebody was named. */
  recipient?: string
  filters: {
    all: boolean
    /** The tables that were asked for, when any were. */
    include?: readonly DatasetTable[]
    /** How the identity verification of the officers stands, when that was asked for. */
    verification?: readonly string[]
    /** Only in a delta: the moment from which it counts, ISO 8601. */
    since?: string
  }
  /** How much of the customer's own list is here, where a package was measured against one. */
  list?: { name: string; listed: number; complete: number; missing: Record<string, number> }
  /** Its place among all changes of the database, for the next delta and for `since` of the HTTP API. */
  checkpoint: string
  files: FileEntry[]
}

export interface Delivery {
  /** In the order of the names that it was opened with. */
  outputs: Output[]
  /** Puts the finished files in their places, in a folder with the manifest as the last. */
  commit(manifest: Manifest): Promise<void>
  /** Removes whatever was not committed. */
  [Symbol.asyncDispose](): Promise<void>
}

/** The destination of `--out`: a folder when the path ends with a separator or is one, a file otherwise. */
export function destinationOf(path: string, endsWithSeparator: boolean): Destination {
  return { kind: endsWithSeparator || stat(path)?.isDirectory() ? 'folder' : 'file', path }
}

/** Whether there is something that takes bytes without keeping them as a file, such as a pipe. */
export function isDevice(path: string): boolean {
  const existing = stat(path)
  return existing !== undefined && !existing.isFile() && !existing.isDirectory()
}

/** Opens the destination for the named files. Throws a `data` error, and leaves nothing behind, when it cannot be written. */
export async function openDelivery(destination: Destination, names: string[]): Promise<Delivery> {
  if (destination.kind === 'stream') return streamDelivery(names, destination.write)
  try {
    const existing = stat(destination.path)
    if (destination.kind === 'folder') {
      if (!existing) return await newFolderDelivery(destination.path, names)
      if (existing.isDirectory()) return await folderDelivery(destination.path, names)
      throw new ChpipeError('data', `There is a file where the folder should be: ${destination.path}`, {
        hint: 'name another with --out',
      })
    }
    if (existing && !existing.isFile()) return await deviceDelivery(destination.path)
    return await fileDelivery(existing ? realpathSync(destination.path) : destination.path, destination.isNew === true)
  } catch (error) {
    throw outputError(error, destination.path)
  }
}

function streamDelivery(names: string[], send: (bytes: Uint8Array) => Promise<void>): Delivery {
  return { outputs: names.map((name) => createOutput(name, send)), async commit() {}, async [Symbol.asyncDispose]() {} }
}

/** A device or a named pipe cannot be replaced by a file; it takes the bytes as they come. */
async function deviceDelivery(path: string): Promise<Delivery> {
  const handle = await open(path, 'w')
  return {
    outputs: [fileOutput(handle, { from: null, to: path })],
    async commit() {},
    [Symbol.asyncDispose]: () => handle.close(),
  }
}

async function fileDelivery(path: string, isNew: boolean): Promise<Delivery> {
  sweep(dirname(path))
  const files = await openTemporaries(dirname(path), [basename(path)])
  return {
    outputs: files.outputs,
    async commit() {
      await files.finish()
      if (isNew) for (const { from, to } of files.renames) placeNew(from, to)
      else replaceAll(files.renames, [])
      await settle(dirname(path))
    },
    [Symbol.asyncDispose]: () => files.remove(),
  }
}

/** The files of an earlier delivery are replaced one by one, the manifest last; `sweep` ends what is broken off there. */
async function folderDelivery(path: string, names: string[]): Promise<Delivery> {
  sweep(path)
  const files = await openTemporaries(path, [...names, MANIFEST])
  return {
    outputs: files.outputs.slice(0, -1),
    async commit(manifest) {
      await files.outputs.at(-1)?.write(manifestText(manifest), 0)
      await files.finish()
      replaceAll(files.renames, staleFiles(path, names))
      await settle(path)
    },
    [Symbol.asyncDispose]: () => files.remove(),
  }
}

/** A folder that is not there yet is filled aside, and appears as a whole. */
async function newFolderDelivery(path: string, names: string[]): Promise<Delivery> {
  const parent = dirname(path)
  const created = stat(parent) ? undefined : makeFolders(parent)
  const aside = join(parent, temporaryName(basename(path)))
  let files: Temporaries | undefined
  const undo = async () => {
    await files?.remove()
    rmSync(aside, { recursive: true, force: true })
    if (created) removeEmptyFolders(parent, created)
  }
  try {
    sweep(parent)
    makeFolder(aside)
    const opened = await openTemporaries(aside, [...names, MANIFEST], path)
    files = opened
    let committed = false
    return {
      outputs: opened.outputs.slice(0, -1),
      async commit(manifest) {
        await opened.outputs.at(-1)?.write(manifestText(manifest), 0)
        await opened.finish()
        replaceAll(opened.renames, [])
        await settle(aside)
        withDestination(path, () => renameSync(aside, path))
        committed = true
        await settle(parent)
      },
      [Symbol.asyncDispose]: async () => {
        if (!committed) await undo()
      },
    }
  } catch (error) {
    await undo()
    throw error
  }
}

function manifestText(manifest: Manifest): string {
  return `${safeJson(manifest, 2)}\n`
}

/** The names must be on the disk before anybody relies on them. */
async function settle(folder: string): Promise<void> {
  try {
    await syncFolder(folder)
  } catch (error) {
    throw outputError(error, folder)
  }
}

interface Temporaries {
  outputs: Output[]
  renames: { from: string; to: string }[]
  /** Makes sure that every byte is on the disk, and closes the files. */
  finish(): Promise<void>
  remove(): Promise<void>
}

/** `told` is the folder that the operator knows. */
async function openTemporaries(folder: string, names: string[], told = folder): Promise<Temporaries> {
  const opened: { handle: FileHandle; from: string; to: string }[] = []
  const remove = async () => {
    // The manifest goes first: without it, nobody takes what is left for a delivery that was being put in place.
    for (const { handle, from } of opened.toReversed()) {
      await handle.close().catch(() => {})
      for (const suffix of ['', ...SQLITE_SUFFIXES]) rmSync(from + suffix, { force: true })
    }
  }
  try {
    for (const name of names) {
      const to = join(folder, name)
      if (stat(to)?.isDirectory()) throw new ChpipeError('data', `There is a folder where the file should be: ${to}`)
      const from = join(folder, temporaryName(name))
      opened.push({ handle: await open(from, 'wx', modeFor(to) | WRITABLE), from, to })
    }
  } catch (error) {
    await remove()
    throw error
  }
  return {
    outputs: opened.map(({ handle, from, to }) => fileOutput(handle, { from, to: join(told, basename(to)) })),
    renames: opened.map(({ from, to }) => ({ from, to })),
    async finish() {
      for (const { handle, to } of opened) {
        const mode = modeFor(to)
        try {
          if ((mode & WRITABLE) === 0) await handle.chmod(mode)
          await handle.sync()
          await handle.close()
        } catch (error) {
          throw outputError(error, to)
        }
      }
    },
    remove,
  }
}

/** For its owner: SQLite opens a file again by its name. */
const WRITABLE = 0o200

/** It is personal data: yours alone, unless you have let others read the file that it replaces. */
function modeFor(path: string): number {
  return (stat(path)?.mode ?? 0o600) & 0o666
}

/** Undefined for what cannot be looked at, too: opening it says why. */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}

// Where deltas go: to a place of their own that carries their moment, so that no delta touches what was delivered before.

/** The folder inside a delivery that holds its deltas. */
export const DELTAS = 'deltas'

/**
 * Where a delta for the destination is written: a folder of its own in `deltas/`, or a file beside the one that is there. Where
 * there is none, the file is the delta itself.
 */
export function deltaDestination(destination: Destination, now: number): Destination {
  if (destination.kind === 'folder') {
    const deltas = join(destination.path, DELTAS)
    return { kind: 'folder', path: join(deltas, nextName(namesIn(deltas), now)) }
  }
  if (destination.kind === 'stream' || !existsSync(destination.path)) return destination
  return { kind: 'file', path: deltaFile(destination.path, now), isNew: true }
}

/** The file of a delta beside a delivery that is one file: `delivery-delta-20261127T150059Z.zip`. */
export function deltaFile(path: string, now: number): string {
  const { stem, ending, moments } = deltasBeside(path)
  return join(dirname(path), `${stem}${nextName(moments, now)}${ending}`)
}

/** The newest delta of the delivery at `path`, a folder or a file; null when there is none. */
export function newestDelta(path: string): string | null {
  const inside = join(path, DELTAS)
  const folder = newestOf(namesIn(inside))
  if (folder !== undefined) return join(inside, folder)
  const { stem, ending, moments } = deltasBeside(path)
  const moment = newestOf(moments)
  return moment === undefined ? null : join(dirname(path), `${stem}${moment}${ending}`)
}

function deltasBeside(path: string): { stem: string; ending: string; moments: string[] } {
  const ending = extname(path)
  const stem = `${basename(path, ending)}-delta-`
  const moments = namesIn(dirname(path)).flatMap((name) =>
    name.startsWith(stem) && name.endsWith(ending) ? [name.slice(stem.length, name.length - ending.length)] : [],
  )
  return { stem, ending, moments }
}

const MOMENT = /^(\d{8}T\d{6}Z)(?:-(\d+))?$/

/**
 * `20261127T150059Z`, or after that of the newest delta and a number when this moment does not come behind it: deltas are
 * applied in the order of their names, also after a clock was set back.
 */
function nextName(names: string[], now: number): string {
  const stamp = stampOf(now)
  const [, last = '', nth = '1'] = MOMENT.exec(newestOf(names) ?? '') ?? []
  return last < stamp ? stamp : `${last}-${String(Number(nth) + 1).padStart(4, '0')}`
}

function newestOf(names: string[]): string | undefined {
  return names
    .filter((name) => MOMENT.test(name))
    .sort()
    .at(-1)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
