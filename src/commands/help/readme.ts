import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ChpipeError } from '../../errors.ts'

/** The text of a section of the README that lies in the package, without its heading. Throws `data` without one. */
export function readmeSection(heading: string): string {
  const lines = readReadme().split('\n')
  const start = lines.indexOf(`## ${heading}`) + 1
  const length = lines.slice(start).findIndex((line) => line.startsWith('## '))
  const text = lines
    .slice(start, length === -1 ? undefined : start + length)
    .join('\n')
    .trim()
  if (start > 0 && text !== '') return text
  throw new ChpipeError('data', `The README of this installation has no section "${heading}"`, {
    hint: 'install chpipe again',
  })
}

/** The built program and its sources lie at different depths below the package's root. */
function readReadme(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  try {
    return readFileSync(join(folder, 'README.md'), 'utf8')
  } catch (cause) {
    throw new ChpipeError('data', `The help lies in the README, which cannot be read: ${folder}`, {
      hint: 'install chpipe again',
      cause,
    })
  }
}
