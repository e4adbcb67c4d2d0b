// Table rows without markup in strings: text stays text, whatever the data say.

export function cell(content, className = "") {
  const td = document.createElement("td");
  if (className) td.className = className;
  td.append(...[content].flat());
  return td;
}

export function row(...cells) {
  const tr = document.createElement("tr");
  tr.append(...cells);
  return tr;
}

export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

export function code(text, title) {
  const made = element("code", "", text);
  if (title) made.title = title;
  return made;
}

/** Replaces a body's rows, or says that there are none. */
export function fill(id, rows, columns, nothing) {
  const body = document.getElementById(id);
  if (!rows.length) {
    const empty = cell(nothing);
    empty.colSpan = columns;
    const tr = row(empty);
    tr.className = "empty";
    rows = [tr];
  }
  body.replaceChildren(...rows);
}
