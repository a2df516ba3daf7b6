/** What the buttons above the answer do to the text and the selection in it. */

export interface Edit {
  text: string;
  start: number;
  end: number;
}

export type Tool = "bold" | "italic" | "link" | "list" | "numbers";

function wrap({ text, start, end }: Edit, mark: string): Edit {
  const chosen = text.slice(start, end);
  const size = mark.length;
  if (text.slice(start - size, start) === mark && text.slice(end, end + size) === mark) {
    return {
      text: text.slice(0, start - size) + chosen + text.slice(end + size),
      start: start - size,
      end: end - size,
    };
  }
  return {
    text: text.slice(0, start) + mark + chosen + mark + text.slice(end),
    start: start + size,
    end: end + size,
  };
}

function prefixLines({ text, start, end }: Edit, prefix: (index: number) => string): Edit {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const next = text.indexOf("\n", end);
  const to = next === -1 ? text.length : next;
  const lines = text.slice(from, to).split("\n");
  const marked = /^(?:- |\d+\. )/;
  const all = lines.every((line, index) => line.startsWith(prefix(index)));
  const changed = lines
    .map((line, index) => (all ? line.slice(prefix(index).length) : prefix(index) + line.replace(marked, "")))
    .join("\n");
  return { text: text.slice(0, from) + changed + text.slice(to), start: from, end: from + changed.length };
}

export function applyTool(tool: Tool, edit: Edit): Edit {
  switch (tool) {
    case "bold":
      return wrap(edit, "**");
    case "italic":
      return wrap(edit, "_");
    case "list":
      return prefixLines(edit, () => "- ");
    case "numbers":
      return prefixLines(edit, (index) => `${index + 1}. `);
    case "link": {
      const label = edit.text.slice(edit.start, edit.end);
      const text = `${edit.text.slice(0, edit.start)}[${label}](https://)${edit.text.slice(edit.end)}`;
      const address = edit.start + label.length + 3;
      return { text, start: address, end: address + "https://".length };
    }
  }
}
