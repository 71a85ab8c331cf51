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
  /** `<file>` (needed) or `[file]`, with its meaning. */
  argument?: { name: string; description: string; choices?: readonly string[] }
  options: OptionSpec[]
  examples: Example[]
  /** It waits for as long as another program holds the database, and ends when the file is moved away. */
  longRunning?: boolean
  /** It runs although a variable of the environment is wrong, and says so itself. */
  examinesSettings?: boolean
  run(context: Context, input: Input): Promise<Answer>
}

export interface Input {
  argument: string | undefined
  /** Values under commander's camel-case names; the command that declared them knows their types. */
  options: Record<string, unknown>
}

/** A command of several verbs, such as `suppress add` and `suppress list`: each verb is a command of its own. */
export interface CommandGroup {
  name: string
  summary: string
  description: string
  verbs: Command[]
}
