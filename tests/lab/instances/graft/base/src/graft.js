"use strict";

/** A new tree in which `branch` hangs at `path` ("a.b"). */
function graft(tree, path, branch) {
  const [head, ...rest] = path.split(".");
  tree[head] = rest.length ? graft(tree[head], rest.join("."), branch) : branch;
  return tree;
}

/** All paths that end in a leaf. */
function leaves(tree, above = "") {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === "object" ? leaves(value, `${above}${name}.`) : [`${above}${name}`]);
}

module.exports = { graft, leaves };
