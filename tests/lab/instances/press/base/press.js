"use strict";

/** Lines of at most `width` letters, broken at blanks. */
function wrap(text, width) {
  const lines = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line && line.length + word.length >= width) {
      lines.push(line);
      line = "";
    }
    line = line ? `${line} ${word}` : word;
  }
  lines.push(line);
  return lines;
}

/** `line` in the middle of `width` letters. */
function centre(line, width) {
  return " ".repeat((width - line.length) / 2) + line;
}

module.exports = { wrap, centre };
