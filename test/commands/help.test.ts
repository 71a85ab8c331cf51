import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { renderMarkdown } from '../../src/commands/help.ts'
import { helpTopics, topicNames } from '../../src/commands/help-topics.ts'
import { commands, listCommands } from '../../src/commands/index.ts'
import { dataDictionary } from '../../src/db/dataset/dictionary.ts'
import { exitCodes } from '../../src/main.ts'
import { run } from '../host.ts'

describe('chpipe help', () => {
  it('lists the topics', async () => {
    const { stdout } = await run(['help'])
    expect(topicNames.filter((name) => !stdout.includes(name))).toEqual([])
  })

  it.each(topicNames)('%s: tells about it', async (name) => {
    const { code, stdout, stderr } = await run(['help', name])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.length).toBeGreaterThan(300)
  })

  it.each(helpTopics.map(({ name }) => name))('%s: has no marks, and lines that fit', async (name) => {
    const { stdout } = await run(['help', name])
    const lines = stdout.split('\n')
    expect(lines.filter((line) => /`|\*\*|^\||\]\(/.test(line))).toEqual([])
    expect(lines.filter((line) => line.length > 80 && !line.startsWith('    '))).toEqual([])
  })

  it('data: names every public column, with its meaning', async () => {
    const words = (await run(['help', 'data'])).stdout.replace(/\s+/g, ' ')
    for (const [table, { columns }] of Object.entries(dataDictionary)) {
      expect(words).toContain(` ${table} `)
      const missing = Object.entries(columns).filter(([name, { meaning }]) => {
        return !words.includes(` ${name} `) || !words.includes(meaning.replaceAll('`', ''))
      })
      expect(missing).toEqual([])
    }
  })

  it('reference: describes one command, or all of them', async () => {
    const one = (await run(['help', 'reference', 'backup'])).stdout
    expect(one).toMatch(/^chpipe backup\n\nCopies /)
    expect(one).toContain('    chpipe backup --keep 14')
    const all = (await run(['help', 'reference'])).stdout
    expect(commands.filter(({ name }) => !all.includes(`chpipe ${name}\n\n`))).toEqual([])
  })

  it('names every variable and every exit code', async () => {
    const environment = (await run(['help', 'environment'])).stdout
    const settings = readFileSync(new URL('../../src/settings.ts', import.meta.url), 'utf8')
    const variables = new Set(settings.match(/\b(?:COMPANIES_HOUSE|CHPIPE|SNOV)_[A-Z_]+/g))
    expect([...variables].filter((name) => !environment.includes(name))).toEqual([])
    const codes = (await run(['help', 'exit-codes'])).stdout
    expect(Object.values(exitCodes).filter((code) => !new RegExp(`^${code} `, 'm').test(codes))).toEqual([])
  })

  const refused: [words: string[], stderr: string][] = [
    [['enviroment'], "error: Unknown command or topic 'enviroment'\ntry: Did you mean environment?\n"],
    [['exprot'], "error: Unknown command or topic 'exprot'\ntry: Did you mean export?\n"],
    [['everything'], "error: Unknown command or topic 'everything'\ntry: chpipe help, which lists both\n"],
    [['allowance', 'now'], 'error: A topic stands alone: chpipe help allowance\n'],
    [['reference', 'exprot'], "error: There is no command 'exprot'\ntry: Did you mean export?\n"],
    [['reference', 'token', 'add'], "error: There is no command 'token add'\ntry: Did you mean token?\n"],
  ]

  it.each(refused)('refuses %j', async (words, stderr) => {
    expect(await run(['help', ...words])).toEqual({ code: 2, stdout: '', stderr })
  })
})

describe('the manual page', () => {
  it('has every command, option and default', async () => {
    const page = (await run(['help', 'man'])).stdout
    expect(page).toMatch(new RegExp(`^\\.TH CHPIPE 1 "" "chpipe ${packageJson.version}"`))
    const text = page.replaceAll('\\-', '-')
    for (const { path, options } of await listCommands()) {
      expect(text).toContain(`.SS chpipe ${path}`)
      expect(options.filter(({ spec }) => !text.includes(`.B ${spec.flags}\n`))).toEqual([])
    }
  })

  it('has no line that roff would take for a request of its own', async () => {
    const requests = (await run(['help', 'man'])).stdout.match(/^\.\S*/gm) ?? []
    const known = ['.TH', '.SH', '.SS', '.TP', '.PP', '.B', '.I', '.nf', '.fi']
    expect(new Set(requests)).toEqual(new Set(known))
  })
})

describe('Markdown on a terminal', () => {
  const cases: [markdown: string, width: number, text: string][] = [
    ['one `two` **three**\nfour', 12, 'one two\nthree four'],
    ['see [the page](https://example.test/a)', 60, 'see the page (https://example.test/a)'],
    ['see [that part](#that-part)', 60, 'see that part'],
    ['- one two three\n  four\n- five', 12, '- one two\n  three four\n- five'],
    ['1. first\n2. second', 20, '1. first\n2. second'],
    ['    as  it is', 5, '    as  it is'],
    ['one\n\n```sh\nas  it is\n\n  # too\n```\n\ntwo', 5, 'one\n\n    as  it is\n\n      # too\n\ntwo'],
    ['1. one:\n\n   ```sh\n   as  it is\n   ```', 20, '1. one:\n\n    as  it is'],
    ['| a | |\n| --- | --- |\n| `x` | some words here |', 14, 'x  some words\n   here'],
    ['| name | value | |\n| --- | --- | --- |\n| long name | v | why |', 12, 'long name\n    value: v\n    why'],
    ['### Part\n\ntext', 20, 'Part\n\ntext'],
  ]

  it.each(cases)('%j', (markdown, width, text) => {
    expect(renderMarkdown(markdown, width)).toBe(text)
  })
})
