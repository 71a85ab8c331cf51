// Where an export goes. Files are written under temporary names beside their goals and take the goals' places at the
// very end, so whatever goes wrong before leaves an earlier delivery whole and nothing half-done.
import { realpathSync, rmdirSync, rmSync, type Stats, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { DatasetTable } from '../../db/dataset.ts'
import { ChpipeError } from '../../errors.ts'
import { safeJson } from '../../text.ts'
import { makeFolders } from '../make-folders.ts'
import { createOutput, type FileEntry, fileOutput, type Output, outputError } from './output.ts'
import { replaceAll, staleFiles, sweep, temporaryName } from './replace.ts'

export type Goal =
  | { kind: 'stream'; write(bytes: Uint8Array): Promise<void> }
  | { kind: 'file'; path: string }
  | { kind: 'folder'; path: string }

export interface Manifest {
  schema_version: number
  program_version: string
  as_of: string
  filters: {
    all: boolean
    /** The tables that were asked for, when any were. */
    include?: readonly DatasetTable[]
    /** Only in a delta: the moment from which it counts, ISO 8601. */
    since?: string
  }
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

export const MANIFEST = 'manifest.json'

/** The goal of `--out`: a folder when the path ends with a separator or is one, a file otherwise. */
export function goalOf(path: string, endsWithSeparator: boolean): Goal {
  return { kind: endsWithSeparator || stat(path)?.isDirectory() ? 'folder' : 'file', path }
}

/** Opens the goal for the named files. Throws a `data` error, and leaves nothing behind, when it cannot be written. */
export async function openDelivery(goal: Goal, names: string[]): Promise<Delivery> {
  if (goal.kind === 'stream') return streamDelivery(names, goal.write)
  try {
    if (goal.kind === 'folder') return await folderDelivery(goal.path, names)
    const existing = stat(goal.path)
    if (existing && !existing.isFile()) return await deviceDelivery(goal.path)
    return await fileDelivery(existing ? realpathSync(goal.path) : goal.path)
  } catch (error) {
    throw outputError(error, goal.path)
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

async function fileDelivery(path: string): Promise<Delivery> {
  const files = await openTemporaries(dirname(path), [basename(path)])
  return {
    outputs: files.outputs,
    async commit() {
      await files.finish()
      replaceAll(files.renames, [])
    },
    [Symbol.asyncDispose]: () => files.remove(),
  }
}

async function folderDelivery(path: string, names: string[]): Promise<Delivery> {
  const created = makeFolders(path)
  const removeCreated = () => {
    if (created) removeFolders(path, created)
  }
  try {
    const files = await openTemporaries(path, [...names, MANIFEST])
    const manifestOutput = files.outputs.at(-1)
    let committed = false
    return {
      outputs: files.outputs.slice(0, -1),
      async commit(manifest) {
        await manifestOutput?.write(`${safeJson(manifest, 2)}\n`, 0)
        await files.finish()
        replaceAll(files.renames, staleFiles(path, names, MANIFEST))
        committed = true
      },
      async [Symbol.asyncDispose]() {
        await files.remove()
        if (!committed) removeCreated()
      },
    }
  } catch (error) {
    removeCreated()
    throw error
  }
}

interface Temporaries {
  outputs: Output[]
  renames: { from: string; to: string }[]
  /** Makes sure that every byte is on the disk, and closes the files. */
  finish(): Promise<void>
  remove(): Promise<void>
}

async function openTemporaries(folder: string, names: string[]): Promise<Temporaries> {
  sweep(folder)
  const opened: { handle: FileHandle; from: string; to: string }[] = []
  const remove = async () => {
    for (const { handle, from } of opened) {
      await handle.close().catch(() => {})
      rmSync(from, { force: true })
    }
  }
  try {
    for (const name of names) {
      const to = join(folder, name)
      if (stat(to)?.isDirectory()) throw new ChpipeError('data', `There is a folder where the file should be: ${to}`)
      const from = join(folder, temporaryName(name))
      opened.push({ handle: await open(from, 'wx', modeFor(to)), from, to })
    }
  } catch (error) {
    await remove()
    throw error
  }
  return {
    outputs: opened.map(({ handle, from, to }) => fileOutput(handle, { from, to })),
    renames: opened.map(({ from, to }) => ({ from, to })),
    async finish() {
      for (const { handle, to } of opened) {
        try {
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

/** It is personal data: yours alone, unless you have let others read the file that it replaces. */
function modeFor(path: string): number {
  return (stat(path)?.mode ?? 0o600) & 0o666
}

/** Removes the empty folders from `path` up to `top`, the uppermost that this run created. */
function removeFolders(path: string, top: string): void {
  try {
    for (let folder = path; folder.startsWith(top); folder = dirname(folder)) rmdirSync(folder)
  } catch {
    // Somebody else has put something there; it stays.
  }
}

/** Undefined for what cannot be looked at, too: opening it tells why. */
function stat(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    return undefined
  }
}
