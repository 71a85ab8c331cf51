import type { Context } from '../context.ts'

/** 0: done. 1: the answer is no. Every other end of a command is a thrown `ChpipeError`. */
export type Answer = 0 | 1

/** Turns the text of an option into its value, or throws `ChpipeError('usage')`. */
export interface Parser<T = unknown> {
  (text: string): T
  /** The words that it takes, when they can be listed: the shell's completion offers them. */
  choices?: readonly string[]
  /** Whether it takes several of them, separated by commas. */
  list?: true
}

export interface OptionSpec {
  /** As commander writes them: `--limit <n>`, `-o, --out <path>`, `--all`. */
  flags: string
  description: string
  /** Without it the text is the value. */
  parse?: Parser
  /** Shown in the help; the command applies it. */
  fallback?: string
}

export interface Example {
  line: string
  does: string
}

/** A subcommand as data: `--help`, parsing, completion and the README test all read it; `run` gets nothing else. */
export interface Command {
  name: string
  summary: string
  description: string
  /** `<file>` (needed) or `[file]`, or `<files...>` for one or more, with its meaning. */
  argument?: { name: string; description: string; choices?: readonly string[] }
  options: readonly OptionSpec[]
  examples: Example[]
  /** It waits for as long as another program holds the database, and ends when the file is moved away. */
  longRunning?: boolean
  /** How it ends, and what it finds while it runs, is told to the operator, where notices are set up. */
  notifies?: boolean
  /** It runs although a variable of the environment is wrong, and says so itself. */
  examinesSettings?: boolean
  run(context: Context, input: Input): Promise<Answer>
}

export interface Input<Options = Record<string, unknown>> {
  argument: string | undefined
  /** What follows the first where several may be given. */
  more: string[]
  /** Values under commander's camel-case names. */
  options: Options
}

type LongName<Flags> = Flags extends `${string}--${infer Rest}`
  ? Rest extends `${infer Name} ${string}`
    ? Name
    : Rest
  : never
type CamelCase<Name> = Name extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<CamelCase<Rest>>}` : Name
type Parsed<Spec> = Spec extends { parse: (text: string) => infer Value } ? Value : string
type ValueOf<Spec extends OptionSpec> = Spec['flags'] extends `${string}...>`
  ? Parsed<Spec>[]
  : Spec['flags'] extends `${string}>`
    ? Parsed<Spec>
    : Spec['flags'] extends `${string}]`
      ? Parsed<Spec> | true
      : boolean

/** The values that these options bring, by their names: `--min-confidence <n>` is `minConfidence`. */
export type OptionsOf<Specs extends readonly OptionSpec[]> = {
  [Spec in Specs[number] as CamelCase<LongName<Spec['flags']>> & string]?: ValueOf<Spec>
}

type Definition<Specs extends readonly OptionSpec[]> = Omit<Command, 'options' | 'run'> & {
  options: Specs
  run(context: Context, input: Input<OptionsOf<Specs>>): Promise<Answer>
}

/** Declares a command; what its options are called and hold follows from their list. */
export function defineCommand<const Specs extends readonly OptionSpec[]>(definition: Definition<Specs>): Command {
  return definition
}

/** A command of several verbs, such as `suppress add` and `suppress list`: each verb is a command of its own. */
export interface CommandGroup {
  name: string
  summary: string
  description: string
  verbs: Command[]
}
