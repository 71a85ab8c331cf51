import type { Command, CommandGroup } from './command.ts'

/** A command's code is loaded when it is called, so that `chpipe --help` and `--version` stay quick. */
export interface CommandEntry {
  name: string
  summary: string
  load(): Promise<Command | CommandGroup>
}

export const commands: CommandEntry[] = [
  {
    name: 'import-companies',
    summary: 'Load companies from the register file, or from advanced search',
    load: async () => (await import('./import-companies.ts')).importCompaniesCommand,
  },
  {
    name: 'import-officers',
    summary: 'Fetch complete officer lists until the target is reached',
    load: async () => (await import('./import-officers.ts')).importOfficersCommand,
  },
  {
    name: 'progress',
    summary: 'How far, how fast, when done, ready for streaming?',
    load: async () => (await import('./progress.ts')).progressCommand,
  },
  {
    name: 'stream',
    summary: 'Follow the live stream of companies, and enrich the new ones',
    load: async () => (await import('./stream.ts')).streamCommand,
  },
  {
    name: 'enrich',
    summary: 'Find domains and e-mail addresses for stored companies',
    load: async () => (await import('./enrich.ts')).enrichCommand,
  },
  {
    name: 'export',
    summary: 'Write the dataset that the customer receives',
    load: async () => (await import('./export.ts')).exportCommand,
  },
  {
    name: 'backup',
    summary: 'Copy the database while it is in use, and check the copy',
    load: async () => (await import('./backup.ts')).backupCommand,
  },
  {
    name: 'doctor',
    summary: 'Is this machine ready? Keys, clock, disk, database, backup',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'audit',
    summary: 'Prove that no new company is missing, against the register itself',
    load: async () => (await import('./audit.ts')).auditCommand,
  },
  {
    name: 'suppress',
    summary: 'Keep people and companies out of enrichment and export',
    load: async () => (await import('./suppress.ts')).suppressCommand,
  },
  {
    name: 'serve',
    summary: 'Serve the dataset as a read-only HTTP API',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    name: 'token',
    summary: 'Give and revoke access to `chpipe serve`',
    load: async () => (await import('./token.ts')).tokenCommand,
  },
  {
    name: 'sandbox',
    summary: 'Serve a stand-in for Companies House and Snov on this machine',
    load: async () => (await import('./sandbox.ts')).sandboxCommand,
  },
  {
    name: 'demo',
    summary: 'Run the whole pipeline against the sandbox, without any key',
    load: async () => (await import('./demo.ts')).demoCommand,
  },
  {
    name: 'completion',
    summary: 'Print the completion script for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
]
