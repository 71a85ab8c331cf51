// What `--help` prints, from the commands' own data. Kept apart from the parser, which takes longer to load than all of it.
import packageJson from '../../package.json' with { type: 'json' }
import type { Host } from '../context.ts'
import { widthOf, wrap } from '../text.ts'
import type { Command, CommandGroup, Example, OptionSpec } from './command.ts'
import { topicNames } from './help-topics.ts'
import { commands, globalOptions } from './index.ts'

/** Declared with the parser, which answers them. */
export const HELP_OPTION: OptionSpec = { flags: '-h, --help', description: 'show this help' }
export const VERSION_OPTION: OptionSpec = {
  flags: '-V, --version',
  description: 'print the version of the program and of its databases',
}
export const HELP_COMMAND = { name: 'help [command]', summary: 'show the help of a command, or of a topic' }

const START = 'Start with `chpipe demo`: the whole pipeline on a built-in sandbox, without any key.'

const WIDEST_PIPED = 100

/** The columns that help may take: those of the terminal, also where it is read through a pager. */
export function helpWidth({ stdout, stderr }: Host): number {
  return widthOf(stdout, Math.min(WIDEST_PIPED, widthOf(stderr, WIDEST_PIPED)))
}

/** An option's sentence, with its default where it has one. */
export function optionText({ description, fallback }: OptionSpec): string {
  return fallback === undefined ? description : `${description} (default: ${fallback})`
}

/** The help of `chpipe` itself, for a terminal of so many columns. */
export function programUsage(width: number): string {
  const text = page(
    {
      usage: 'chpipe [options] [command]',
      description: packageJson.description,
      sections: [
        ['Options', [VERSION_OPTION, ...globalOptions, HELP_OPTION].map(optionItem)],
        ['Commands', [...commands, HELP_COMMAND].map(({ name, summary }) => [name, summary])],
      ],
    },
    width,
  )
  const topics = wrap(topicNames.join(', '), width, '  ', '  ')
  return `${text}\nTopics of \`chpipe help <topic>\`:\n${topics}\n\n${wrap(START, width)}\n`
}

/** The help of a command or a verb, called by this path: `chpipe suppress add`. */
export function commandUsage(
  { description, argument, options, examples }: Command,
  { path, width }: { path: string; width: number },
): string {
  const [, name = ''] = path.split(' ')
  const text = page(
    {
      usage: ['chpipe', ...path.split(' ').slice(1), '[options]', argument?.name ?? ''].filter(Boolean).join(' '),
      description,
      sections: [
        ['Arguments', argument ? [[argument.name.replace(/[<>[\].]/g, ''), argument.description]] : []],
        ['Options', [...options, HELP_OPTION].map(optionItem)],
        ['Global Options', [VERSION_OPTION, ...globalOptions].map(optionItem)],
      ],
    },
    width,
  )
  return `${text}\n${exampleLines(examples, { name, width })}\n`
}

/** The help of a command of several verbs; an example of each. */
export function groupUsage({ name, description, verbs }: CommandGroup, width: number): string {
  const call = ({ name, options, argument }: Command) =>
    [name, options.length > 0 ? '[options]' : '', argument?.name ?? ''].filter(Boolean).join(' ')
  const text = page(
    {
      usage: `chpipe ${name} [options] [command]`,
      description,
      sections: [
        ['Options', [optionItem(HELP_OPTION)]],
        ['Global Options', [VERSION_OPTION, ...globalOptions].map(optionItem)],
        ['Commands', verbs.map((verb) => [call(verb), verb.summary])],
      ],
    },
    width,
  )
  const first = verbs.flatMap(({ examples }) => examples.slice(0, 1))
  return `${text}\n${exampleLines(first, { name, width })}\n`
}

type Item = [term: string, text: string]

interface Page {
  usage: string
  description: string
  sections: [heading: string, items: Item[]][]
}

function optionItem(spec: OptionSpec): Item {
  return [spec.flags, optionText(spec)]
}

function page({ usage, description, sections }: Page, width: number): string {
  const filled = sections.filter(([, items]) => items.length > 0)
  const widest = Math.max(...filled.flatMap(([, items]) => items.map(([term]) => term.length)))
  const parts = filled.map(
    ([heading, items]) => `${heading}:\n${items.map((one) => item(one, widest, width)).join('\n')}`,
  )
  return `${[`Usage: ${usage}`, paragraphs(description, width), ...parts].join('\n\n')}\n`
}

/** A text narrower than this is better read below its term. */
const NARROWEST_TEXT = 24

function item([term, text]: Item, widest: number, width: number): string {
  const left = widest + 4
  if (width - left < NARROWEST_TEXT) return `  ${term}\n${wrap(text, width, '      ', '      ')}`
  return wrap(text, width, `  ${term.padEnd(widest)}  `, ' '.repeat(left))
}

/** The lines of a paragraph are joined and broken anew; an indented line is a row of its own, which hangs below its text. */
function paragraphs(text: string, width: number): string {
  const joined = text.replace(/(?<!\n)\n(?![\n ])/g, ' ')
  return joined
    .split('\n')
    .map((line) => {
      const [, margin = '', term = '', rest = line] = /^( +)(?:(\S+ {2,}))?(.*)$/.exec(line) ?? []
      return wrap(rest, width, margin + term, ' '.repeat(margin.length + term.length))
    })
    .join('\n')
}

/** Each example with what it does, beside it where all fit, otherwise below it; and the page that says more. */
function exampleLines(examples: Example[], { name, width }: { name: string; width: number }): string {
  const widest = Math.max(...examples.map(({ line }) => line.length))
  const beside = examples.map(({ line, does }) => `  $ ${line.padEnd(widest)}  # ${does}`)
  const below = examples.flatMap(({ line, does }) => [`  $ ${line}`, wrap(does, width, '      ', '      ')])
  const lines = beside.every((line) => line.length <= width) ? beside : below
  return `Examples:\n${lines.join('\n')}\n\nMore: chpipe help reference ${name}`
}
