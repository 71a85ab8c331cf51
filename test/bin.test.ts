import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { tempFolder } from './host.ts'

const BIN = fileURLToPath(new URL('../bin/chpipe.js', import.meta.url))

function startedOn(version: string, program = BIN, napi = '10', env = process.env) {
  const versions = `{ ...process.versions, node: '${version}', napi: '${napi}' }`
  const pretend = `Object.defineProperty(process, 'versions', { value: ${versions} })`
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, program, '--version']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

/** The program without its build, in a folder of its own. */
function copied() {
  const folder = tempFolder()
  cpSync(BIN, folder.file('bin/chpipe.js'))
  cpSync(fileURLToPath(new URL('../package.json', import.meta.url)), folder.file('package.json'))
  return folder
}

describe('bin/chpipe.js', () => {
  it.each(['22.12.0', '20.20.2', '18.0.0'])('says in one sentence on Node %s what it needs', (version) => {
    expect(startedOn(version)).toEqual({
      status: 3,
      stdout: '',
      stderr: `error: chpipe needs Node 22.13 or newer, and this is Node ${version}: in a clone, \`npx chpipe ...\` takes the Node that \`npm ci\` brought\n`,
    })
  })

  it.each(['22.13.1', '23.5.0'])('says in one sentence that Node %s, without Node-API 10, would crash', (version) => {
    expect(startedOn(version, BIN, '9')).toEqual({
      status: 3,
      stdout: '',
      stderr: `error: chpipe needs a Node with Node-API 10, such as 22.14 or 24, and this is Node ${version}: in a clone, \`npx chpipe ...\` takes the Node that \`npm ci\` brought\n`,
    })
  })

  it.each(['22.13.0', '24.0.0', '100.2.0'])('starts on Node %s', (version) => {
    expect(startedOn(version)).toMatchObject({ status: 0, stderr: '' })
  })

  it('is parsed by Node 12, which says the sentence too', () => {
    const code = readFileSync(BIN, 'utf8')
    const forOld = transformSync(code, { target: 'node12.20', charset: 'utf8' })
    expect(forOld.code).toBe(transformSync(code, { target: 'esnext', charset: 'utf8' }).code)
  })

  it('says in one sentence that it is not built', () => {
    using folder = copied()
    expect(startedOn('24.0.0', folder.file('bin/chpipe.js'))).toEqual({
      status: 3,
      stdout: '',
      stderr: 'error: chpipe is not built yet: run `npm ci`, or `npm run build` where that is done\n',
    })
  })

  it('keeps compiled code beside the build, and ends with the code of the command', () => {
    using folder = copied()
    mkdirSync(folder.file('dist'))
    writeFileSync(folder.file('dist/main.js'), 'export const main = async () => 4')
    expect(startedOn('24.0.0', folder.file('bin/chpipe.js'))).toEqual({ status: 4, stdout: '', stderr: '' })
    expect(existsSync(folder.file('dist/compile-cache'))).toBe(true)
  })

  it('keeps compiled code in the cache of the user where that cannot be written', () => {
    using folder = copied()
    mkdirSync(folder.file('dist'))
    writeFileSync(folder.file('dist/main.js'), 'export const main = async () => 0')
    writeFileSync(folder.file('dist/compile-cache'), 'no folder')
    const env = { ...process.env, XDG_CACHE_HOME: folder.file('cache') }
    expect(startedOn('24.0.0', folder.file('bin/chpipe.js'), '10', env)).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(existsSync(folder.file('cache/chpipe'))).toBe(true)
  })

  it('tells the version without the program', () => {
    using folder = copied()
    mkdirSync(folder.file('dist'))
    cpSync(fileURLToPath(new URL('../dist/version.js', import.meta.url)), folder.file('dist/version.js'))
    writeFileSync(folder.file('dist/main.js'), 'export const main = async () => 4')
    const told = startedOn('24.0.0', folder.file('bin/chpipe.js'))
    expect(told).toEqual({ status: 0, stdout: expect.stringMatching(/^chpipe \S+ \(schema \d+\)\n$/), stderr: '' })
  })

  it('calls a command a bug that stops before it is done', () => {
    using folder = copied()
    mkdirSync(folder.file('dist'))
    writeFileSync(folder.file('dist/main.js'), 'export const main = () => new Promise(() => {})')
    expect(startedOn('24.0.0', folder.file('bin/chpipe.js'))).toEqual({
      status: 70,
      stdout: '',
      stderr: 'error: the command stopped before it was done: this is a bug in chpipe\n',
    })
  })
})
