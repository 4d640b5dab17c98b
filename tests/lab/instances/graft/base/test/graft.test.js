const assert = require("assert");
const { graft, leaves } = require("../src/graft");

describe("graft", () => {
  test("grafts at the root", () => {
    assert.deepStrictEqual(graft({ a: 1 }, "b", 2), { a: 1, b: 2 });
  });

  test("grafts deep", () => {
    assert.deepStrictEqual(graft({ a: { b: 1 } }, "a.c", 2), { a: { b: 1, c: 2 } });
  });
});

describe("leaves", () => {
  test("lists leaves", () => {
    assert.deepStrictEqual(leaves({ a: 1, b: { c: 2 } }), ["a", "b.c"]);
  });
});
