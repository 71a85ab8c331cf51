import { setMaxListeners } from 'node:events'
import { Command as Commander, CommanderError, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import type { Answer, Command } from './commands/command.ts'
import { commands } from './commands/index.ts'
import { oneOf } from './commands/parse.ts'
import { createContext, type Globals, type Host } from './context.ts'
import { ChpipeError, type ErrorKind, errorMessage } from './errors.ts'
import { printable, safeJson } from './text.ts'

/** The one table of exit codes; the README shows it. */
export const exitCodes: Record<ErrorKind, number> = {
  no: 1,
  usage: 2,
  config: 3,
  upstream: 4,
  data: 5,
  bug: 70,
  interrupted: 130,
}

/** Runs one command line and returns its exit code; never throws and never ends the process but on a second Ctrl-C. */
export async function main(host: Host): Promise<number> {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const interrupt = () => {
    if (stop.signal.aborted) host.exit(exitCodes.interrupted)
    stop.abort(
      new ChpipeError('interrupted', 'Interrupted', {
        hint: 'run the same command again; it goes on where it stopped',
      }),
    )
  }
  host.on('SIGINT', interrupt)
  host.on('SIGTERM', interrupt)
  host.stdout.on('error', ignoreClosedPipe)
  host.stderr.on('error', ignoreClosedPipe)
  try {
    return await runCommandLine(host, stop.signal)
  } catch (error) {
    return reportError(host, error)
  } finally {
    host.off('SIGINT', interrupt)
    host.off('SIGTERM', interrupt)
  }
}

/** A write to a closed pipe also rejects where it was awaited; without a listener it would end the process. */
function ignoreClosedPipe(): void {}

async function runCommandLine(host: Host, signal: AbortSignal): Promise<number> {
  const args = helpAsOption(host.argv.slice(2))
  const program = createProgram(host)
  let answer: Answer = 0
  const runDefinition = async (sub: Commander, definition: Command, received: unknown[]) => {
    const context = createContext(host, program.opts<Globals>(), signal)
    try {
      const argument = definition.argument ? (received[0] as string | undefined) : undefined
      answer = await definition.run(context, { argument, options: sub.opts() })
    } finally {
      context.close()
    }
  }
  for (const { name, summary } of commands) program.command(name).summary(summary).copyInheritedSettings(program)
  program.hook('preSubcommand', async (_program, sub) => {
    const definition = await commands.find(({ name }) => name === sub.name())?.load()
    if (!definition) return
    declare(sub, definition)
    sub.action((...received: unknown[]) => runDefinition(sub, definition, received))
  })
  if (args.length === 0) {
    program.outputHelp()
    return 0
  }
  await program.parseAsync(args, { from: 'user' })
  return answer
}

/** `chpipe help export` is `chpipe export --help`: only a command that is called has its options loaded. */
function helpAsOption(args: string[]): string[] {
  const [first, topic] = args
  return first === 'help' && topic !== undefined && !topic.startsWith('-') ? [topic, '--help'] : args
}

function createProgram(host: Host): Commander {
  return new Commander('chpipe')
    .description(packageJson.description)
    .version(packageJson.version, '-V, --version', 'print the version')
    .option('--db <file>', 'the database (default: $CHPIPE_DB, else companies.db)')
    .option('--json', 'print the result as JSON')
    .option('--quiet', 'no progress and no notices, only results, warnings and errors')
    .addOption(new Option('--log-format <format>', 'text or json').argParser(oneOf(['text', 'json'])))
    .option('--log-file <file>', 'append the log to a file instead of stderr')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nStart with `chpipe demo`: the whole pipeline on a built-in sandbox, without any key.')
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => host.stdout.columns ?? 100,
    })
    .exitOverride()
}

function declare(sub: Commander, { description, argument, options, examples }: Command): void {
  sub.description(description)
  if (argument) sub.argument(argument.name, argument.description)
  for (const { flags, description: text, parse, fallback } of options) {
    const option = new Option(flags, fallback === undefined ? text : `${text} (default: ${fallback})`)
    if (parse) option.argParser((value: string) => named(option, sub.name(), () => parse(value)))
    sub.addOption(option)
  }
  const width = Math.max(...examples.map(({ line }) => line.length))
  const lines = examples.map(({ line, does }) => `  $ ${line.padEnd(width)}  # ${does}`)
  sub.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}

/** A value that an option refuses is an error of that option. */
function named<T>(option: Option, command: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof ChpipeError)) throw error
    const message = error.message.charAt(0).toLowerCase() + error.message.slice(1)
    throw new ChpipeError(error.kind, `${option.long}: ${message}`, { hint: error.hint ?? `chpipe ${command} --help` })
  }
}

function reportError(host: Host, error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0
  if ((error as NodeJS.ErrnoException | null)?.code === 'EPIPE') return 0
  const known = toChpipeError(error)
  if (host.argv.includes('--json')) {
    const { kind, message, hint } = known
    host.stderr.write(`${safeJson({ error: { kind, message, hint } })}\n`)
  } else {
    host.stderr.write(`error: ${printable(known.message)}\n`)
    if (known.hint) host.stderr.write(`try: ${printable(known.hint)}\n`)
    if (known.kind === 'bug' && error instanceof Error) host.stderr.write(`${error.stack}\n`)
  }
  return exitCodes[known.kind]
}

function toChpipeError(error: unknown): ChpipeError {
  if (error instanceof ChpipeError) return error
  if (error instanceof CommanderError) {
    const [message = '', suggestion] = error.message.replace(/^error: /, '').split('\n')
    return new ChpipeError('usage', message.charAt(0).toUpperCase() + message.slice(1), {
      hint: suggestion ? suggestion.replace(/[()]/g, '') : 'chpipe --help',
    })
  }
  return new ChpipeError('bug', `Unexpected: ${errorMessage(error)}`, {
    hint: 'please report this with the lines below',
    cause: error,
  })
}
