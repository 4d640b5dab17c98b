const assert = require("assert");
const { wrap, centre } = require("../press");

it("wraps", () => assert.deepStrictEqual(wrap("one two three", 8), ["one two", "three"]));
it("keeps short text", () => assert.deepStrictEqual(wrap("one", 8), ["one"]));
it("centres", () => assert.strictEqual(centre("ab", 6), "  ab"));
