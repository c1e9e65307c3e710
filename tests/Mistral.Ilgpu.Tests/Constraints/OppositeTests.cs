using Mistral.Ilgpu.Constraints;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Values that must not match a schema, or several at once.</summary>
public sealed class OppositeTests
{
    private const string NotRequired = """{"type": "object", "not": {"required": ["a", "b"], "properties": {"a": {"const": 1}}}}""";
    private const string NotOnly = """{"type": "object", "not": {"additionalProperties": {"type": "string"}, "properties": {"a": {"type": "null"}}}}""";
    private const string NotPatterns = """{"type": "object", "not": {"patternProperties": {"^x": {"maxLength": 2}, "^a$": {"maximum": 5}}}}""";
    private const string NotNames = """{"type": "object", "required": ["r"], "maxProperties": 2, "not": {"propertyNames": {"pattern": "^[a-r]"}}}""";
    private const string OneOf = """{"oneOf": [{"properties": {"a": {"type": "string"}}, "additionalProperties": false, "type": "object"}, {"properties": {"b": {"type": "string"}}, "additionalProperties": false, "type": "object"}]}""";
    private const string NotItems = """{"type": "array", "not": {"prefixItems": [{"type": "string"}, {"type": "null"}], "items": {"type": "integer"}}}""";
    private const string Contains = """{"items": {"type": "integer"}, "maxItems": 2, "type": "array", "allOf": [{"contains": {"minimum": 5}}, {"contains": {"maximum": 7}, "maxContains": 1}]}""";
    private const string NotConstant = """{"not": {"const": {"a": [1, {"b": 2}]}}}""";

    [Theory]
    [InlineData(NotRequired, "{}", true)]
    [InlineData(NotRequired, """{"a": 1}""", true)]
    [InlineData(NotRequired, """{"b": 3, "a": 2}""", true)]
    [InlineData(NotRequired, """{"b": 3, "a": 1}""", false)]
    [InlineData(NotRequired, """{"a": 1, "b": """, false, true)]
    [InlineData(NotOnly, "{}", false)]
    [InlineData(NotOnly, """{"a": null, "c": "x"}""", false)]
    [InlineData(NotOnly, """{"a": 1}""", true)]
    [InlineData(NotOnly, """{"c": "x", "d": null}""", true)]
    [InlineData(NotPatterns, """{"a": 5, "xa": "ab"}""", false)]
    [InlineData(NotPatterns, """{"a": 6}""", true)]
    [InlineData(NotPatterns, """{"a": 1, "xa": "abc"}""", true)]
    [InlineData(NotNames, """{"r": 1}""", false)]
    [InlineData(NotNames, """{"z": 1, "r": 1}""", true)]
    [InlineData(NotNames, """{"a""", false, true)]
    [InlineData(NotNames, """{"z": 1, "y": """, false, true)]
    [InlineData(OneOf, "{}", false)]
    [InlineData(OneOf, """{"b": "x"}""", true)]
    [InlineData(OneOf, """{"a": "x", "b": "x"}""", false)]
    [InlineData("""{"maxProperties": 1, "dependentRequired": {"a": ["b"]}}""", """{"a": """, false, true)]
    [InlineData("""{"dependentSchemas": {"a": {"required": ["b"]}}}""", """{"a": 1}""", false)]
    [InlineData("""{"not": {"dependentRequired": {"a": ["b", "c"]}}}""", """{"b": 2, "a": 1}""", true)]
    [InlineData("""{"not": {"dependentRequired": {"a": ["b", "c"]}}}""", """{"c": 3, "b": 2, "a": 1}""", false)]
    [InlineData("""{"not": {"dependentSchemas": {"a": {"required": ["b"]}}}}""", """{"a": 1}""", true)]
    [InlineData("""{"not": {"dependentSchemas": {"a": {"required": ["b"]}}}}""", """{"c": 1}""", false)]
    [InlineData(NotItems, """["a"]""", false)]
    [InlineData(NotItems, """["a", 1]""", true)]
    [InlineData(NotItems, """["a", null, 5]""", false)]
    [InlineData(NotItems, """["a", null, 5, "x"]""", true)]
    [InlineData(Contains, "[6]", true)]
    [InlineData(Contains, "[1, 9]", true)]
    [InlineData(Contains, "[6, 1]", false)]
    [InlineData(Contains, "[9, 8", false, true)]
    [InlineData("""{"type": "array", "not": {"contains": {"type": "null"}, "minContains": 2}}""", "[null, 1]", true)]
    [InlineData("""{"type": "array", "not": {"contains": {"type": "null"}, "minContains": 2}}""", "[null, 1, null]", false)]
    [InlineData("""{"type": "array", "not": {"contains": {"type": "null"}, "maxContains": 1}}""", "[null]", false)]
    [InlineData("""{"type": "array", "not": {"contains": {"type": "null"}, "maxContains": 1}}""", "[null, null]", true)]
    [InlineData(NotConstant, """{"a": [1.0, {"b": 2}]}""", false)]
    [InlineData(NotConstant, """{"a": [1, {"b": 3}]}""", true)]
    [InlineData(NotConstant, """{"a": [1, {}]}""", true)]
    [InlineData("""{"not": {"enum": [[1], [2, 4]]}}""", "[2, 4]", false)]
    [InlineData("""{"not": {"enum": [[1], [2, 4]]}}""", "[1, 2]", true)]
    [InlineData("""{"type": "integer", "not": {"multipleOf": 3}}""", "-9", false)]
    [InlineData("""{"type": "integer", "not": {"multipleOf": 3}}""", "-5", true)]
    [InlineData("""{"type": "integer", "minimum": 60, "maximum": 69, "not": {"anyOf": [{"multipleOf": 2}, {"multipleOf": 3}, {"multipleOf": 5}]}}""", "67", true)]
    [InlineData("""{"type": "number", "not": {"type": "integer"}}""", "1.0", false)]
    [InlineData("""{"$dynamicAnchor": "n", "type": "array", "items": {"$dynamicRef": "#n"}}""", "[[]]", true)]
    [InlineData("""{"$dynamicAnchor": "n", "type": "array", "items": {"$dynamicRef": "#n"}}""", "[1]", false)]
    public void Value_ThatMustNotMatch_IsAcceptedOrRefused(
        string schema, string text, bool isAccepted, bool isBeginning = false) =>
        Assert.Equal(isAccepted, isBeginning
            ? Reading.Begins(ConstraintKind.JsonSchema, schema, text)
            : Reading.Accepts(ConstraintKind.JsonSchema, schema, text));

    // Eight schemas that share values have 3⁷ ways to match none of seven, which is more than are tried.
    [Fact]
    public void OneOf_OfManySchemasThatShareValues_IsNoProduct()
    {
        string[] ways = [.. Enumerable.Range(0, 8).Select(i => $$$"""
            {"properties": {"country": {"enum": ["C{{{i}}}"]}, "state": {"enum": ["A{{{i}}}", "Z"]}, "code": {"maxLength": {{{i + 2}}} } } }
            """)];
        string schema = $$"""{"type": "object", "oneOf": [{{string.Join(", ", ways)}}]}""";
        var compiled = new ConstraintSource(ConstraintKind.JsonSchema, schema).Compile();
        Assert.True(Reading.Accepts(compiled, """{"country": "C3", "state": "A3", "code": "x"}"""));
        Assert.True(Reading.Accepts(compiled, """{"code": "abcdefghi"}"""));
        Assert.False(Reading.Accepts(compiled, """{"country": "C3", "state": "A4"}"""));
        Assert.False(Reading.Accepts(compiled, """{"state": "Z", "code": "x"}"""));
        Assert.False(Reading.Accepts(compiled, "{}"));
    }

    // 2¹² ways to have one name of each pair, or to have what another asks for.
    [Theory]
    [InlineData("""{"anyOf": [{"required": ["a#"]}, {"required": ["b#"]}]}""", """{"b1": 1}""")]
    [InlineData("""{"dependentSchemas": {"a#": {"required": ["b#"]}}}""", """{"a1": 1, "b2": 1}""")]
    [InlineData("""{"if": {"required": ["a#"]}, "then": {"required": ["b#"]}}""", """{"a1": 1, "b2": 1}""")]
    [InlineData("""{"if": {"required": ["c"], "properties": {"c": {"const": #}}}, "then": {"required": ["b#", "a#"]}}""", """{"c": 1, "b1": 1}""")]
    public void AllOf_OfManyChoices_IsNoProduct(string part, string refused)
    {
        var parts = Enumerable.Range(0, 12).Select(i => part.Replace("#", $"{i}", StringComparison.Ordinal));
        string schema = $$"""{"type": "object", "allOf": [{{string.Join(", ", parts)}}]}""";
        var compiled = new ConstraintSource(ConstraintKind.JsonSchema, schema).Compile();
        var all = Enumerable.Range(0, 12).SelectMany(i => new[] { $"\"a{i}\": {i}", $"\"b{i}\": {i}" });
        Assert.True(Reading.Accepts(compiled, "{" + string.Join(", ", all) + ", \"c\": 1}"));
        Assert.False(Reading.Accepts(compiled, refused));
    }
}
