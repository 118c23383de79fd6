export interface SqlStatement {
  /** As written, without the semicolon. */
  readonly text: string;
  /** Comments and the contents of strings blanked out, for looking at keywords. */
  readonly code: string;
  /** Line of its first character of code, from 1. */
  readonly line: number;
  /** The comments in and before it. */
  readonly comments: readonly string[];
}

// One alternative per thing that can hide a semicolon. Block comments nest in Postgres; nesting two deep is enough here.
const TOKEN =
  /--[^\n]*|\/\*(?:[^*]|\*(?!\/)|\/\*[\s\S]*?\*\/)*?\*\/|\bE'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|;/gi;

/** Splits a script into its statements, aware of comments, quotes and dollar quotes. */
export const splitSql = (script: string): SqlStatement[] => {
  const statements: SqlStatement[] = [];
  let start = 0;
  let code = "";
  let from = 0;
  let comments: string[] = [];
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  const end = (at: number) => {
    const text = script.slice(start, at);
    if (code.trim() !== "") {
      const lead = code.length - code.trimStart().length;
      const line = script.slice(0, start + lead).split("\n").length;
      statements.push({ text: text.trim(), code: code.trim(), line, comments });
    }
    comments = [];
    code = "";
    start = at + 1;
  };
  for (const match of script.matchAll(TOKEN)) {
    const token = match[0];
    code += script.slice(from, match.index);
    from = match.index + token.length;
    if (token === ";") end(match.index);
    else if (token.startsWith("--") || token.startsWith("/*")) {
      comments.push(token.replace(/^(--|\/\*)\s*|\s*\*\/$/g, "").trim());
      code += blank(token);
    } else if (token.startsWith('"')) code += token;
    else code += `'${blank(token.slice(1, -1))}'`;
  }
  code += script.slice(from);
  end(script.length);
  return statements;
};
