// Values that are bound as expressions. SQLite looks at a bare one where its value may lead to a better plan of a sorted,
// joined or limited statement, and plans such a statement anew each time that one is bound, which takes longer than to run it.

/** A text that a column is compared with. */
export const BOUND_TEXT = "('' || ?)"

/** How many rows at most. */
export const AT_MOST = 'LIMIT ? + 0'
