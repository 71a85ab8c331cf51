import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import packageJson from '../../package.json' with { type: 'json' }
import { dataDictionary } from '../db/dataset/dictionary.ts'
import { ChpipeError } from '../errors.ts'
import { didYouMean, wrap } from '../text.ts'
import { topicNames } from './help-topics.ts'
import { commands, type Listed, type ListedOption, listCommands, listGlobalOptions } from './index.ts'
import { meantCommand } from './meant.ts'
import { optionText } from './usage.ts'

const WIDEST = 100

/**
 * The text of `chpipe help <topic>` for a terminal of so many columns; for `man` the manual page as roff. Throws `usage`
 * for a word that is neither a topic nor a command.
 */
export async function helpOnTopic([word = '', ...more]: string[], columns = 80): Promise<string> {
  const width = Math.min(columns, WIDEST)
  if (word === 'reference') return `${renderMarkdown(readReference(more), width)}\n`
  if (!topicNames.includes(word)) throw unknown(word)
  if (more.length > 0) throw new ChpipeError('usage', `A topic stands alone: chpipe help ${word}`)
  if (word === 'man') return manualPage()
  const page = word === 'data' ? `${readPage(word)}\n\n${describeColumns()}` : readPage(word)
  return `${renderMarkdown(page, width)}\n`
}

/** Every public column as Markdown, from the dictionary that the exports and the API follow too. */
function describeColumns(): string {
  const tables = Object.entries(dataDictionary).map(([table, { row, columns }]) => {
    const rows = Object.entries(columns).map(([name, { type, meaning, source }]) => {
      return `| \`${name}\` | ${meaning.replaceAll('|', '\\|')} | ${type}, from ${source} |`
    })
    return [`## ${table}`, row, ['| column | | |', '| --- | --- | --- |', ...rows].join('\n')].join('\n\n')
  })
  return tables.join('\n\n')
}

function unknown(word: string): ChpipeError {
  const names = commands.map(({ name }) => name)
  const meant = meantCommand(word, [...names, ...topicNames])
  if (meant !== null)
    return new ChpipeError('usage', `Unknown command or topic '${word}'`, { hint: `Did you mean chpipe ${meant}?` })
  const known = [...names, ...topicNames]
  return new ChpipeError('usage', `Unknown command or topic '${word}'`, {
    hint: didYouMean(word, known) ?? 'chpipe help, which lists both',
  })
}

/** The page of one command; without a name, of all. */
function readReference(words: string[]): string {
  const names = commands.map(({ name }) => name)
  const [name = '', ...more] = words
  if (words.length > 0 && (more.length > 0 || !names.includes(name))) {
    throw new ChpipeError('usage', `There is no command '${words.join(' ')}'`, {
      hint: didYouMean(name, names) ?? `chpipe help reference, or one of: ${names.join(', ')}`,
    })
  }
  const wanted = words.length > 0 ? words : names
  return wanted.map((command) => `## chpipe ${command}\n\n${readPage(`reference/${command}`)}`).join('\n\n')
}

/** A page lies beside the built program, and in the sources beside this file. Throws `data` where it is missing. */
function readPage(name: string): string {
  const page =
    name === 'going-live' ? join(packageRoot(), 'deploy/README.md') : new URL(`topics/${name}.md`, import.meta.url)
  try {
    return readFileSync(page, 'utf8').trim()
  } catch (cause) {
    throw new ChpipeError('data', `The page of this topic cannot be read: ${name}`, {
      hint: 'install chpipe again',
      cause,
    })
  }
}

/** The built program and its sources lie at different depths below it. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  return folder
}

const FENCED = /^( *)```\w*\n(.*?)^ *```$/gms

/** Markdown, as far as the pages use it, as plain text for a terminal: wrapped, tables aligned, marks taken off. */
export function renderMarkdown(text: string, width: number): string {
  const parts: string[] = []
  const prose = (markdown: string) => {
    const blocks = markdown.split(/\n{2,}/).filter((block) => block.trim() !== '')
    parts.push(...blocks.map((block) => renderBlock(block.replace(/^\n+|\n+$/g, '').split('\n'), width)))
  }
  let from = 0
  for (const { 0: whole, 1: indent = '', 2: code = '', index } of text.matchAll(FENCED)) {
    prose(text.slice(from, index))
    const lines = code.trimEnd().split('\n')
    parts.push(
      lines.map((line) => `    ${line.startsWith(indent) ? line.slice(indent.length) : line}`.trimEnd()).join('\n'),
    )
    from = index + whole.length
  }
  prose(text.slice(from))
  return parts.join('\n\n')
}

function renderBlock(lines: string[], width: number): string {
  const [first = ''] = lines
  if (first.startsWith('    ')) return lines.join('\n')
  if (first.startsWith('|')) return renderTable(lines.map(cellsOf), width)
  if (first.startsWith('#')) return plain(first.replace(/^#+ */, ''))
  return itemsOf(lines)
    .map((item) => {
      const mark = /^ *(?:- |\d+\. )?/.exec(item)?.[0] ?? ''
      return wrap(plain(item.slice(mark.length)), width, mark, ' '.repeat(mark.length))
    })
    .join('\n')
}

/** The lines of a list joined to its items; a paragraph is one item. */
function itemsOf(lines: string[]): string[] {
  const items: string[] = []
  for (const line of lines) {
    if (items.length === 0 || /^(?:- |\d+\. )/.test(line)) items.push(line)
    else items.push(`${items.pop()} ${line.trim()}`)
  }
  return items
}

function cellsOf(line: string): string[] {
  return line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => plain(cell.replaceAll('\\|', '|').trim()))
}

/** Side by side where the columns before the last leave it room, otherwise each row as a small block. */
function renderTable([headings = [], , ...rows]: string[][], width: number): string {
  const last = headings.length - 1
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const taken = widths.slice(0, last).reduce((sum, one) => sum + one + 2, 0)
  if (taken <= width / 2) {
    const line = (row: string[]) => {
      const head = row.slice(0, last).map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2))
      return wrap(row[last] ?? '', width, head.join(''), ' '.repeat(taken)).trimEnd()
    }
    return (headings.every(Boolean) ? [headings, ...rows] : rows).map(line).join('\n')
  }
  return rows
    .map(([name = '', ...cells]) => {
      const told = cells.flatMap((cell, column) => {
        const heading = headings[column + 1]
        return cell === '' ? [] : [wrap(heading ? `${heading}: ${cell}` : cell, width, '    ', '    ')]
      })
      return [name, ...told].join('\n')
    })
    .join('\n')
}

function plain(text: string): string {
  return text
    .replace(/\[([^\]]+)\]\(#[^)]+\)/g, '$1')
    .replace(/\[([^\]]+)\]\(([^)]+)\)/g, '$1 ($2)')
    .replace(/\*\*([^*]+)\*\*/g, '$1')
    .replaceAll('`', '')
}

const WIDTH = 72

/** The manual page as roff for `man`, from the same data and pages as the help. */
async function manualPage(): Promise<string> {
  const listed = await listCommands()
  const commandNames = commands.map(({ name }) => name)
  const lines = [
    `.TH CHPIPE 1 "" "chpipe ${packageJson.version}" "User Commands"`,
    '.SH NAME',
    `chpipe \\- ${escaped(packageJson.description)}`,
    '.SH SYNOPSIS',
    '.B chpipe\n.I command\n[options]',
    '.SH OPTIONS OF EVERY COMMAND',
    ...listGlobalOptions().map(optionEntry),
    '.SH COMMANDS',
    ...listed.map(commandEntry),
    '.SH EXIT STATUS',
    asIs(renderMarkdown(readPage('exit-codes'), WIDTH)),
    '.SH ENVIRONMENT',
    asIs(renderMarkdown(readPage('environment'), WIDTH)),
    '.SH REFERENCE',
    ...commandNames.flatMap((name) => [
      `.SS ${escaped(`chpipe ${name}, in detail`)}`,
      asIs(renderMarkdown(readPage(`reference/${name}`), WIDTH)),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

function commandEntry({ path, description, argument, options, examples }: Listed): string {
  const usage = ['chpipe', path, argument?.name ?? '', options.length > 0 ? '[options]' : ''].filter(Boolean).join(' ')
  const paragraphs = description.split(/\n{2,}/).map((text) => (/^ /m.test(text) ? asIs(text) : escaped(text)))
  return [
    `.SS ${escaped(usage)}`,
    paragraphs.join('\n.PP\n'),
    ...options.map(optionEntry),
    ...(examples.length === 0 ? [] : ['.PP\nExamples:', asIs(examples.map(({ line }) => `    ${line}`).join('\n'))]),
  ].join('\n')
}

function optionEntry({ spec }: ListedOption): string {
  return `.TP\n.B ${escaped(spec.flags)}\n${escaped(optionText(spec))}`
}

function asIs(text: string): string {
  return `.PP\n.nf\n${escaped(text)}\n.fi`
}

/** A dot or an apostrophe at the start of a line would be a request; a bare hyphen may become a typographic one. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&')
}
