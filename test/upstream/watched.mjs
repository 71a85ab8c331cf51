// Loaded into a child process before the program: collects garbage all the time where it may (--expose-gc), and leaves
// the largest size that the process ever had, in MB, in the file that MAX_RSS_FILE names.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

if (globalThis.gc) setInterval(globalThis.gc, 50).unref()

const file = process.env.MAX_RSS_FILE
if (file) process.on('exit', () => writeFileSync(file, String(largestKb() / 1024)))

/** Where the system has no such page: what it counts over an exec too, so that a large parent shows. */
function largestKb() {
  const page = '/proc/self/status'
  if (!existsSync(page)) return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(page, 'utf8'))[1])
}
