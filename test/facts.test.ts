// Comments of the source cite the pages of facts by section; a section that is not there leads nowhere.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const read = (path: string) => readFileSync(join(SRC, path), 'utf8')
const REGISTER = 'companies-house/FACTS.md'
const SNOV = 'snov/FACTS.md'
const sections: Record<string, Set<string>> = { [REGISTER]: sectionsOf(read(REGISTER)), [SNOV]: sectionsOf(read(SNOV)) }

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
const citations = files.flatMap((path) => citationsIn(path, read(path)))

it('every fact that a comment cites has its section', () => {
  expect(citations.length).toBeGreaterThan(80)
  expect(citations.filter(({ page, section }) => !sections[page]?.has(section))).toEqual([])
})

it('every topic of the forum that a comment cites is on the page', () => {
  const topics = files.flatMap((path) => read(path).match(/\bF-\d{3,}\b/g) ?? [])
  expect(topics.length).toBeGreaterThan(1)
  expect(topics.filter((topic) => !read(REGISTER).includes(topic))).toEqual([])
})

it('no comment cites a page that is not in the repository', () => {
  expect(files.filter((path) => /\b(?:design|house|style)(?:\.md)? (?:section )?\d/.test(read(path)))).toEqual([])
})

function sectionsOf(page: string): Set<string> {
  return new Set([...page.matchAll(/^(?:#+ )?(\d+(?:\.\d+)?)\.? \S/gm)].map(([, number = '']) => number))
}

function citationsIn(path: string, source: string) {
  const comments = source.replace(/\n\s*(?:\*|\/\/) ?/g, ' ')
  const page = /^(?:snov|sandbox\/snov)\//.test(path) ? SNOV : REGISTER
  return [
    ...comments.matchAll(/\b(Snov )?facts (?:sections? )?(\d+(?:\.\d+)?(?:(?:, | and | to )\d+(?:\.\d+)?)*)/g),
  ].flatMap(([, snov, numbers = '']) =>
    (numbers.match(/\d+(?:\.\d+)?/g) ?? []).map((section) => ({ path, page: snov ? SNOV : page, section })),
  )
}
