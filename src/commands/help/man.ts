import packageJson from '../../../package.json' with { type: 'json' }
import { type Listed, type ListedOption, listCommands, listGlobalOptions } from '../catalogue.ts'
import { renderMarkdown } from './markdown.ts'
import { readmeSection } from './readme.ts'

const WIDTH = 72

/** The manual page as roff for `man`, from the same data as the help and the README. */
export async function manualPage(): Promise<string> {
  const commands = await listCommands()
  const lines = [
    `.TH CHPIPE 1 "" "chpipe ${packageJson.version}" "User Commands"`,
    '.SH NAME',
    `chpipe \\- ${escaped(packageJson.description)}`,
    '.SH SYNOPSIS',
    '.B chpipe\n.I command\n[options]',
    '.SH OPTIONS OF EVERY COMMAND',
    ...listGlobalOptions().map(optionEntry),
    '.SH COMMANDS',
    ...commands.map(commandEntry),
    '.SH EXIT STATUS',
    asIs(renderMarkdown(readmeSection('Exit codes'), WIDTH)),
    '.SH ENVIRONMENT',
    asIs(renderMarkdown(readmeSection('Environment'), WIDTH)),
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

function optionEntry({ spec: { flags, description, fallback } }: ListedOption): string {
  const text = fallback === undefined ? description : `${description} (default: ${fallback})`
  return `.TP\n.B ${escaped(flags)}\n${escaped(text)}`
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
