import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import type { Command, CommandGroup } from '../src/commands/command.ts'
import { commands } from '../src/commands/index.ts'
import { exitCodes } from '../src/main.ts'
import { run } from './host.ts'

const readme = read('../README.md')
const lines = readme.split('\n')

/** What `createProgram` declares for every command. */
const GLOBAL_OPTIONS = ['--db', '--json', '--quiet', '--log-format', '--log-file']

describe('the README', () => {
  it('begins with two commands that exist', () => {
    const commandsAtTop = lines.filter((line) => line.startsWith('    ')).slice(0, 2)
    expect(commandsAtTop.map((line) => line.trim())).toEqual(['npm ci && npm run demo', 'npm ci && npm test'])
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(['demo', 'test']))
    expect(packageJson.scripts.prepare).toBe('npm run build')
  })

  it('names only scripts that exist', () => {
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name)
    expect(named.length).toBeGreaterThan(3)
    expect(named.filter((name) => !Object.hasOwn(packageJson.scripts, name))).toEqual([])
  })

  it('has a section for every command, and for no other', () => {
    const sections = lines.flatMap((line) => /^## chpipe (\S+)$/.exec(line)?.[1] ?? [])
    expect(sections).toEqual(commands.map(({ name }) => name))
  })

  it('shows only command lines of commands and options that exist', async () => {
    const shown = [...readme.matchAll(/^ {4}chpipe (\S+)(.*?)(?: {2,}#.*)?$/gm)]
    expect(shown.length).toBeGreaterThan(5)
    for (const [line, name, rest = ''] of shown) {
      const loaded = await commands.find((entry) => entry.name === name)?.load()
      const parts = loaded ? runnables(loaded) : []
      const shownPart = parts.find(({ path }) => `${name}${rest} `.startsWith(`${path} `))
      const known = [...GLOBAL_OPTIONS, ...longOptions(shownPart?.command)]
      const unknown = (rest.match(/--[\w-]+/g) ?? []).filter((option) => !known.includes(option))
      expect({ line, found: shownPart !== undefined, unknown }).toEqual({ line, found: true, unknown: [] })
    }
  })

  it('names every environment variable that is read, and every default', () => {
    const source = read('../src/settings.ts')
    const variables = new Set(source.match(/\b(?:COMPANIES_HOUSE|CHPIPE|SNOV)_[A-Z_]+/g))
    expect(variables.size).toBeGreaterThan(4)
    const table = section('## Environment')
    const documented = [...table.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name)
    expect(documented.sort()).toEqual([...variables, 'NO_COLOR'].sort())
    expect(table).toContain(/'(https:\/\/api\.[^']+)'/.exec(source)?.[1])
    expect(table).toContain(/CHPIPE_CH_QUOTA \|\| '([^']+)'/.exec(source)?.[1])
    expect(table).toContain(/CHPIPE_DB \|\| '([^']+)'/.exec(source)?.[1])
  })

  it('has one row for every exit code', () => {
    const documented = [...section('## Exit codes').matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    expect(documented).toEqual([0, ...Object.values(exitCodes)])
  })

  it('names every global option', () => {
    expect(GLOBAL_OPTIONS.filter((option) => !section('## The commands').includes(option))).toEqual([])
  })

  it('stays within 120 columns, but for tables', () => {
    expect(lines.filter((line) => line.length > 120 && !line.startsWith('|'))).toEqual([])
  })
})

describe.each(commands.map(({ name, summary, load }) => ({ name, summary, load })))('chpipe $name', (entry) => {
  it('has a summary and a description, as has each of its verbs', async () => {
    const loaded = await entry.load()
    expect(loaded.name).toBe(entry.name)
    expect(loaded.summary).toBe(entry.summary)
    const verbs = runnables(loaded).map(({ command }) => command)
    for (const { summary, description } of [loaded, ...verbs]) {
      expect(summary).toMatch(/^[A-Z].{20,}[^.]$/)
      expect(description.length).toBeGreaterThan(80)
    }
  })

  it('gives examples of itself, with options that it has', async () => {
    for (const { path, command } of runnables(await entry.load())) {
      expect(command.examples.length).toBeGreaterThan(0)
      for (const { line, does } of command.examples) {
        expect(line).toMatch(new RegExp(`\\bchpipe ${path}(?![\\w-])`))
        expect(does).not.toBe('')
      }
      const used = command.examples.flatMap(({ line }) => line.match(/--[\w-]+/g) ?? [])
      const known = [...GLOBAL_OPTIONS, ...longOptions(command)]
      expect(used.filter((option) => !known.includes(option))).toEqual([])
    }
  })

  it('has every option in its README section and in its help', async () => {
    const text = section(`## chpipe ${entry.name}`)
    for (const { path, command } of runnables(await entry.load())) {
      const { stdout: help } = await run([...path.split(' '), '--help'])
      const options = longOptions(command)
      expect(options.filter((option) => !mentions(text, option))).toEqual([])
      expect(options.filter((option) => !mentions(help, option))).toEqual([])
      expect(command.options.filter(({ description }) => description.length < 5)).toEqual([])
      expect(help).toContain(`Usage: chpipe ${path} `)
    }
  })

  it('names its verbs in its help, and shows every command line in its README section', async () => {
    const { stdout: help } = await run([entry.name, '--help'])
    for (const { path, command } of runnables(await entry.load())) {
      expect(section(`## chpipe ${entry.name}`)).toMatch(new RegExp(`^    chpipe ${path}(?![\\w-])`, 'm'))
      if (path !== entry.name) expect(help).toMatch(new RegExp(`^ +${command.name}\\b.*${command.summary}$`, 'm'))
    }
  })
})

/** What of a command can be run, with the words that call it: its verbs, or itself. */
function runnables(loaded: Command | CommandGroup): { path: string; command: Command }[] {
  if (!('verbs' in loaded)) return [{ path: loaded.name, command: loaded }]
  return loaded.verbs.map((verb) => ({ path: `${loaded.name} ${verb.name}`, command: verb }))
}

function longOptions(command: Command | undefined): string[] {
  return (command?.options ?? []).flatMap(({ flags }) => flags.match(/--[\w-]+/g) ?? [])
}

/** `--sic` is not mentioned where only `--sic-codes` is. */
function mentions(text: string, option: string): boolean {
  return new RegExp(`${option}(?![\\w-])`).test(text)
}

/** The text of a section up to the next heading of its level. */
function section(heading: string): string {
  const start = lines.indexOf(heading)
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith('## '))
  return start === -1 ? '' : lines.slice(start, length === -1 ? undefined : start + 1 + length).join('\n')
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}
