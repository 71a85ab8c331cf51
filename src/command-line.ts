// Turns a command line into a command with its options. Kept apart from `main`, which must start without a parser.
import { Command as Commander, CommanderError, Option } from 'commander'
import type { Answer, Command, CommandGroup, OptionSpec } from './commands/command.ts'
import { commands, globalOptions } from './commands/index.ts'
import { meantCommand } from './commands/meant.ts'
import {
  commandUsage,
  groupUsage,
  HELP_COMMAND,
  HELP_OPTION,
  helpWidth,
  programUsage,
  VERSION_OPTION,
} from './commands/usage.ts'
import { watchNotices } from './commands/watch-notices.ts'
import { createContext, type Globals, type Host } from './context.ts'
import { sqliteError } from './db/storage-error.ts'
import { ChpipeError, type ErrorKind } from './errors.ts'
import { writeTo } from './print.ts'
import { widthOf } from './text.ts'
import { versionLine } from './version.ts'

/** Parses the command line and runs its command. Throws a `usage` error before anything runs. */
export async function runCommandLine(host: Host, signal: AbortSignal, given = host.argv.slice(2)): Promise<Answer> {
  if (asksForTopic(given)) {
    const { helpOnTopic } = await import('./commands/help.ts')
    await writeTo(host.stdout, await helpOnTopic(given.slice(1), widthOf(host.stdout)))
    return 0
  }
  const args = helpAsOption(given)
  let help = ''
  const program = createProgram(host, (text) => {
    help += text
  })
  let answer: Answer = 0
  const runDefinition = async (sub: Commander, definition: Command, received: unknown[]) => {
    const { longRunning = false, examinesSettings = false } = definition
    const context = createContext(host, program.opts<Globals>(), signal, { longRunning, examinesSettings })
    const ended = definition.notifies ? await watchNotices(context, definition.name) : undefined
    try {
      const given = definition.argument ? (received[0] as string | string[] | undefined) : undefined
      const [argument, ...more] = typeof given === 'string' ? [given] : (given ?? [])
      answer = await definition.run(context, { argument, more, options: sub.opts() })
      context.checkDatabase()
      await ended?.(null)
    } catch (error) {
      const known = hinted(sqliteError(firstError(error), context.settings.db), sub)
      await ended?.(known instanceof ChpipeError ? known.kind : 'bug')
      throw known
    } finally {
      await context.close()
    }
  }
  for (const { name } of commands) program.command(name).copyInheritedSettings(program)
  program.hook('preSubcommand', async (_program, sub) => {
    const definition = await commands.find(({ name }) => name === sub.name())?.load()
    if (!definition) return
    const declared = 'verbs' in definition ? declareVerbs(sub, definition) : [declare(sub, definition)]
    for (const [leaf, runnable] of declared) {
      leaf.action((...received: unknown[]) => runDefinition(leaf, runnable, received))
    }
  })
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (isBareGroup(error, args)) return runCommandLine(host, signal, [...args, '--help'])
    if (error.exitCode !== 0) throw usageError(error, error.code === 'commander.help' ? helpOf(args) : undefined)
    await writeTo(host.stdout, help)
  }
  return answer
}

/** Where nothing but a group of commands is named, its help says more than that of the program. */
function helpOf(args: string[]): string {
  const [group = ''] = args.filter((word) => commandNames.includes(word))
  return ['chpipe', group, '--help'].filter(Boolean).join(' ')
}

/** `chpipe suppress` alone asks for its help; a script, which reads JSON, has forgotten a verb. */
function isBareGroup({ code, exitCode }: CommanderError, args: string[]): boolean {
  const names = args.some((word) => commandNames.includes(word))
  return code === 'commander.help' && exitCode !== 0 && names && !args.includes('--json')
}

const HINTS: Partial<Record<ErrorKind, string>> = {
  config: 'chpipe help environment',
  upstream: 'run the command again later',
  data: 'run the command again; if it stays so: chpipe doctor',
}

/** What says nothing about what to do gets the next best: the help of its command, or what its kind has in common. */
function hinted(error: unknown, sub: Commander): unknown {
  if (!(error instanceof ChpipeError) || error.hint) return error
  const path = [sub.parent?.parent ? sub.parent.name() : '', sub.name()].filter(Boolean).join(' ')
  const hint = error.kind === 'usage' ? `chpipe ${path} --help` : HINTS[error.kind]
  return hint ? new ChpipeError(error.kind, error.message, { hint, cause: error.cause }) : error
}

/** When tidying up fails as well, what went wrong first is the news. */
function firstError(error: unknown): unknown {
  const suppressed = error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error
  return suppressed ? firstError(error.suppressed) : error
}

/** `chpipe help environment`, or a word that is neither a topic nor a command. */
function asksForTopic([first, topic]: string[]): boolean {
  const named = first === 'help' && topic !== undefined && !topic.startsWith('-')
  return named && commands.every(({ name }) => name !== topic)
}

/** `chpipe help suppress add` is `chpipe suppress add --help`: only a command that is called has its options loaded. */
function helpAsOption(args: string[]): string[] {
  const [first, topic] = args
  const asked = first === 'help' && topic !== undefined && !topic.startsWith('-')
  return asked ? [...args.slice(1), '--help'] : refuseUnknown(args)
}

/** A misspelt command is refused even when its help is asked for. Throws `usage` where another program's word was meant. */
function refuseUnknown(args: string[]): string[] {
  const [name] = args
  const known = name === undefined || name === 'help' || name.startsWith('-') || commands.some((c) => c.name === name)
  if (known) return args
  const meant = meantCommand(name, commandNames)
  if (meant === null) return [name]
  throw new ChpipeError('usage', `Unknown command '${name}'`, { hint: `Did you mean chpipe ${meant}?` })
}

const commandNames = commands.map(({ name }) => name)

/** `writeOut` takes the help and the version. */
function createProgram(host: Host, writeOut: (text: string) => void): Commander {
  const program = new Commander('chpipe')
    .version(versionLine(), VERSION_OPTION.flags)
    .helpOption(HELP_OPTION.flags)
    .helpCommand(HELP_COMMAND.name)
    .configureHelp({ formatHelp: () => programUsage(helpWidth(host)) })
    .configureOutput({
      writeOut,
      writeErr: () => {},
      getOutHelpWidth: () => helpWidth(host),
    })
    .exitOverride()
  for (const spec of globalOptions) program.addOption(toOption(spec, 'chpipe --help'))
  return program
}

/** Declares the verbs of a command and returns them. A misspelt verb is refused even when its help is asked for. */
function declareVerbs(sub: Commander, group: CommandGroup): [Commander, Command][] {
  const { name, verbs } = group
  sub
    .helpCommand(false)
    .configureHelp({ formatHelp: () => groupUsage(group, outWidth(sub)) })
    .exitOverride(hinting(`chpipe ${name} --help`))
  const [, asked] = sub.parent?.args ?? []
  if (asked !== undefined && !asked.startsWith('-') && verbs.every((verb) => verb.name !== asked)) sub.helpOption(false)
  return verbs.map((verb) => {
    const path = `chpipe ${name} ${verb.name}`
    return declare(sub.command(verb.name), verb, path)
  })
}

/** Turns what commander refuses into a usage error whose hint is `help`, unless commander has a better one. */
function hinting(help: string): (error: CommanderError) => never {
  return (error) => {
    throw error.exitCode === 0 || error.code === 'commander.help' ? error : usageError(error, help)
  }
}

function declare(sub: Commander, command: Command, path = `chpipe ${command.name}`): [Commander, Command] {
  const { argument, options } = command
  sub
    .configureHelp({ formatHelp: () => commandUsage(command, { path, width: outWidth(sub) }) })
    .exitOverride(hinting(`${path} --help`))
  if (argument) sub.argument(argument.name)
  for (const spec of options) sub.addOption(toOption(spec, `${path} --help`))
  return [sub, command]
}

function toOption({ flags, parse }: OptionSpec, help: string): Option {
  const option = new Option(flags)
  if (parse) {
    const read = (value: string) => named(option, help, () => parse(value))
    option.argParser((value: string, before: unknown) =>
      option.variadic ? [...((before as unknown[] | undefined) ?? []), read(value)] : read(value),
    )
  }
  return option
}

/** The width that was set for the program's help. */
function outWidth(sub: Commander): number {
  return sub.configureOutput().getOutHelpWidth?.() ?? 100
}

/** A value that an option refuses is an error of that option. */
function named<T>(option: Option, help: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ChpipeError)) throw error
    const message = error.message.charAt(0).toLowerCase() + error.message.slice(1)
    throw new ChpipeError(error.kind, `${option.long}: ${message}`, { hint: error.hint ?? help })
  }
}

function usageError({ code, message: text }: CommanderError, help = 'chpipe --help'): ChpipeError {
  if (code === 'commander.help') return new ChpipeError('usage', 'No command is named', { hint: help })
  const [message = '', suggestion] = text.replace(/^error: /, '').split('\n')
  return new ChpipeError('usage', message.charAt(0).toUpperCase() + message.slice(1), {
    hint: suggestion ? suggestion.replace(/[()]/g, '') : help,
  })
}
