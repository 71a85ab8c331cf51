import { gzipSync } from 'node:zlib'
import type { Answer } from '../scripted-server.ts'

const MB = 1024 * 1024

/** As long as a body may be. */
const LIMIT = 8 * MB

/** A list as long as a body may be, made of one piece again and again. */
function full(piece: string): string {
  return `{"items":[${Array(Math.floor((LIMIT - 100) / (piece.length + 1)))
    .fill(piece)
    .join(',')}]}`
}

const member = (index: number) => `"k${index.toString(36)}":${index % 10}`
const members = (from: number, count: number) => Array.from({ length: count }, (_, nth) => member(from + nth)).join(',')

/** Bodies that cost as much memory as can be had for their size. */
const bodies: Record<string, () => string> = {
  'nested brackets': () => '['.repeat(6 * MB),
  'nested objects': () => '{"a":'.repeat(1.5 * MB),
  'nested as deep as is read': () => full(`${'['.repeat(90)}${']'.repeat(90)}`),
  'tiny objects': () => full('{}'),
  'tiny texts': () => full('"a"'),
  'one long text': () => `{"items":[{"name":"${'x'.repeat(LIMIT - 100)}"}]}`,
  'a long text of escapes': () => `{"items":[{"name":"${'\\ud800'.repeat(1.3 * MB)}"}]}`,
  'texts as long as are read': () => full(`{"name":"${'x'.repeat(99_000)}"}`),
  'wide texts of escapes as long as are read': () => full(`{"name":"\u20ac${'\\ud800'.repeat(16_000)}"}`),
  'many keys': () => `{"items":[{${members(0, 700_000)}}]}`,
  'as many keys as are read': () =>
    `{"items":[${Array.from({ length: 249 }, (_, nth) => `{${members(1000 * nth, 999)}}`).join(',')}]}`,
  'as many officers as are read': () => `{"items":[${Array(19_999).fill('{"name":"A"}').join(',')}]}`,
  'officers of 30 kB': () => full(`{"name":"${'x'.repeat(30_000)}","officer_role":"director"}`),
}

/** A server's answers that attack the memory of whoever reads them, by name. */
export function attacks(): Record<string, Answer> {
  const plainly = Object.entries(bodies).map(([name, body]): [string, Answer] => {
    let made: string | undefined
    return [
      name,
      (_request, response) => {
        made ??= body()
        response.writeHead(200).end(made)
      },
    ]
  })
  const packed = Object.entries(bodies).map(([name, body]): [string, Answer] => {
    let made: Buffer | undefined
    return [
      `${name}, packed`,
      (_request, response) => {
        made ??= gzipSync(body())
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(made)
      },
    ]
  })
  const others = { 'chunks of one byte': crumbs, 'headers without end': headers, 'a bomb of a gigabyte': bomb }
  return { ...Object.fromEntries(plainly), ...Object.fromEntries(packed), ...others }
}

const crumbs: Answer = (_request, response) => {
  response.writeHead(200).flushHeaders()
  pump(response.socket, () => '1\r\n[\r\n'.repeat(10_000))
}

const headers: Answer = ({ socket }) => {
  socket.write('HTTP/1.1 200 OK\r\n')
  pump(socket, (nth) => `x-${nth}: ${'y'.repeat(1000)}\r\n`)
}

let gigabyte: Buffer | undefined

const bomb: Answer = (_request, response) => {
  gigabyte ??= Buffer.concat(Array(16).fill(gzipSync(Buffer.alloc(64 * MB, 0x20))))
  response.writeHead(200, { 'content-encoding': 'gzip' }).end(gigabyte)
}

/** Writes without end, as fast as the reader takes it. */
function pump(socket: NodeJS.WritableStream | null, piece: (nth: number) => string): void {
  let nth = 0
  const more = () => {
    do nth += 1
    while (socket?.writable && socket.write(piece(nth)))
    if (socket?.writable) socket.once('drain', more)
  }
  socket?.on('error', () => {})
  more()
}
