// Loaded before the program: makes it run on another machine, as far as anything but the network can tell.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'

const name = process.env.MACHINE ?? 'machine'
const { readFileSync } = fs
fs.readFileSync = (path, options) =>
  path === '/proc/sys/kernel/random/boot_id' ? `boot of ${name}\n` : readFileSync(path, options)
os.hostname = () => name
const { bigint } = process.hrtime
// Each has been running for another while.
const ahead = BigInt(name.charCodeAt(0)) * 86_400_000_000_000n
process.hrtime.bigint = () => bigint() + ahead
syncBuiltinESMExports()
