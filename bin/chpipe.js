#!/usr/bin/env node
// Nothing else is loaded before the version of Node is known: the SQLite driver crashes an older one. An older Node
// parses this whole file first, so it holds no syntax newer than Node 12, such as a top-level await.
import { existsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
const dist = new URL('../dist/', import.meta.url)

if (major < 22 || (major === 22 && minor < 13)) {
  refuse(needs('Node 22.13 or newer'))
} else if (Number(process.versions.napi) < 10) {
  // Node 22.13 and 23.0 to 23.5: the driver is built for Node-API 10, and opening a database would be a segmentation fault.
  refuse(needs('a Node with Node-API 10, such as 22.14 or 24'))
} else if (!existsSync(new URL('main.js', dist))) {
  refuse('chpipe is not built yet: run `npm ci`, or `npm run build` where that is done')
} else {
  start()
}

/** Runs the command line. A command that has nothing left to wait for, and has not ended, is a bug. */
async function start() {
  if (await toldVersion()) return
  process.once('beforeExit', unfinished)
  await keepCompiled()
  const { main } = await import(new URL('main.js', dist).href)
  process.exitCode = await main(process)
  process.off('beforeExit', unfinished)
}

/** The version needs nothing else of the program. Whatever is in its way, such as a full disk, the program then tells. */
async function toldVersion() {
  const [first, ...rest] = process.argv.slice(2)
  if (rest.length > 0 || (first !== '--version' && first !== '-V')) return false
  try {
    const { versionLine } = await import(new URL('version.js', dist).href)
    writeSync(1, `${versionLine()}\n`)
    return true
  } catch {
    return false
  }
}

/** Keeps compiled code beside the build; where that may not be written, in the cache of this user, and of no other. */
async function keepCompiled() {
  const { constants, enableCompileCache } = await import('node:module')
  const { status } = enableCompileCache(fileURLToPath(new URL('compile-cache', dist)))
  const { HOME, XDG_CACHE_HOME } = process.env
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (caches && status === constants.compileCacheStatus.FAILED) enableCompileCache(join(caches, 'chpipe'))
}

function unfinished() {
  console.error('error: the command stopped before it was done: this is a bug in chpipe')
  process.exitCode = 70
}

function needs(what) {
  return `chpipe needs ${what}, and this is Node ${process.versions.node}: in a clone, \`npx chpipe ...\` takes the Node that \`npm ci\` brought`
}

/** Says what is missing in one sentence, with the code of a wrong configuration. */
function refuse(sentence) {
  console.error(`error: ${sentence}`)
  process.exitCode = 3
}
