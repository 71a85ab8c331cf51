import journal from '../drizzle/meta/_journal.json' with { type: 'json' }
import packageJson from '../package.json' with { type: 'json' }

/** `chpipe 0.1.0 (schema 5)`: the program, and the newest database that it makes and reads. */
export function versionLine(): string {
  return `chpipe ${packageJson.version} (schema ${journal.entries.length})`
}
