using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Values under JSON schemas.</summary>
public sealed class JsonSchemaTests
{
    // Whether both schemas of oneOf match is asked while the schema is being read, which the property leads back to.
    private const string Tree = """
        {"anyOf": [{"type": "null"}, {"type": "object", "oneOf": [{"required": ["c"], "properties": {"c": {"$ref": "#"}}}, {"required": ["b"]}]}]}
        """;

    [Theory]
    [InlineData("{}", """{"a": [1, -2.5e+3, true, false, null, "x\u00e9\n"]}""", true)]
    [InlineData("{}", "[1,]", false)]
    [InlineData("{}", "01", false)]
    [InlineData("{}", "-0.5E-07", true)]
    [InlineData("{}", "12345678901234567890123456789012345678901", false)]
    [InlineData("{}", "\"\t\"", false)]
    [InlineData("""{"type": "string"}""", """ "a\ud83d\ude00" """, true)]
    [InlineData("""{"type": "string"}""", """ "\ud83d" """, false)]
    [InlineData("""{"type": "string"}""", """ "\udc00" """, false)]
    [InlineData("""{"type": "integer"}""", "12", true)]
    [InlineData("""{"type": "integer"}""", "1.5", false)]
    [InlineData("""{"type": ["null", "boolean"]}""", "null", true)]
    [InlineData("""{"type": ["null", "boolean"]}""", "0", false)]
    [InlineData("""{"enum": ["a", 1, null, {"b": [2]}]}""", """{ "b": [2] }""", true)]
    [InlineData("""{"enum": ["a", 1, null, {"b": [2]}]}""", """{"b": [3]}""", false)]
    [InlineData("""{"enum": ["<", 1]}""", "\"\\u003c\"", true)]
    [InlineData("""{"const": "é"}""", "\"\\u00e9\"", true)]
    [InlineData("""{"const": "é"}""", "\"\\u00ea\"", false)]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"aé😀\"", true)]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"a\\ud83d\\ude00b\"", true)]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"a\"", false)]
    [InlineData("""{"type": "string", "minLength": 2, "maxLength": 3}""", "\"abcd\"", false)]
    [InlineData("""{"type": "string", "pattern": "^a+$", "maxLength": 2}""", "\"aaa\"", false)]
    [InlineData("""{"type": "string", "format": "date"}""", "\"2024-02-30\"", false)]
    [InlineData("""{"type": "string", "format": "of-our-own"}""", "\"x\"", true)]
    [InlineData("""{"required": ["a", "b"]}""", """{"b": 1, "c": 2, "a": 3}""", true)]
    [InlineData("""{"required": ["a", "b"]}""", """{"b": 1, "c": 2}""", false)]
    [InlineData("""{"properties": {"a": {"type": "integer"}}}""", """{"a": "x"}""", false)]
    [InlineData("""{"properties": {"é": {"type": "integer"}}}""", "{\"\\u00e9\": \"x\"}", false)]
    [InlineData("""{"properties": {"a": {"type": "integer"}}}""", """{"a": 1, "a": 2}""", false)]
    [InlineData("""{"properties": {"a": {}}, "additionalProperties": false}""", """{"b": 1}""", false)]
    [InlineData("""{"properties": {"a": {}}, "additionalProperties": {"type": "null"}}""", """{"ab": null, "a": 2}""", true)]
    [InlineData("""{"patternProperties": {"^a": {"type": "null"}, "b$": {"type": ["null", "string"]}}}""", """{"ab": null, "b": "x"}""", true)]
    [InlineData("""{"patternProperties": {"^a": {"type": "null"}, "b$": {"type": ["null", "string"]}}}""", """{"ab": "x"}""", false)]
    [InlineData("""{"patternProperties": {"^a": {"type": "null"}, "b$": {"type": "string"}}}""", """{"ab": """, false, true)]
    [InlineData("""{"propertyNames": {"pattern": "^[a-z]+$"}}""", """{"aB": 1}""", false)]
    [InlineData("""{"minProperties": 1, "maxProperties": 2}""", "{}", false)]
    [InlineData("""{"minProperties": 1, "maxProperties": 2}""", """{"a":1,"b":2,"c":3}""", false)]
    [InlineData("""{"maxProperties": 2, "required": ["z"]}""", """{"a":1,"b":""", false, true)]
    [InlineData("""{"dependentRequired": {"a": ["b"]}}""", """{"a": 1}""", false)]
    [InlineData("""{"dependentRequired": {"a": ["b"]}}""", """{"a": 1, "b": 2}""", true)]
    [InlineData("""{"dependencies": {"a": {"properties": {"b": {"type": "null"}}}}}""", """{"b": 1, "a": 2}""", false)]
    [InlineData("""{"dependencies": {"a": {"properties": {"b": {"type": "null"}}}}}""", """{"b": 1}""", true)]
    [InlineData("""{"items": {"type": "integer"}, "minItems": 1, "maxItems": 2}""", "[]", false)]
    [InlineData("""{"items": {"type": "integer"}, "minItems": 1, "maxItems": 2}""", "[1, 2]", true)]
    [InlineData("""{"items": {"type": "integer"}, "minItems": 1, "maxItems": 2}""", "[1, 2,", false, true)]
    [InlineData("""{"prefixItems": [{"type": "null"}], "items": {"type": "string"}}""", """[null, "a"]""", true)]
    [InlineData("""{"items": [{"type": "null"}], "additionalItems": false}""", "[null, 1]", false)]
    [InlineData("""{"contains": {"type": "null"}}""", """[1, null, "a"]""", true)]
    [InlineData("""{"contains": {"type": "null"}}""", "[1]", false)]
    [InlineData("""{"contains": {"type": "null"}, "minContains": 2, "maxContains": 3}""", "[null, 1, null]", true)]
    [InlineData("""{"contains": {"type": "null"}, "minContains": 2, "maxContains": 3}""", "[null, null, null, null]", false)]
    [InlineData("""{"contains": {"type": "null"}, "maxItems": 2}""", "[1, 2", false, true)]
    [InlineData("""{"anyOf": [{"type": "integer"}, {"minLength": 2, "type": "string"}]}""", "\"a\"", false)]
    [InlineData("""{"allOf": [{"required": ["a"]}, {"properties": {"a": {"type": "null"}}}]}""", """{"a": 1}""", false)]
    [InlineData("""{"oneOf": [{"type": "number"}, {"type": "integer"}]}""", "1", false)]
    [InlineData("""{"oneOf": [{"type": "number"}, {"type": "integer"}]}""", "1.5", true)]
    [InlineData("""{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}""", """{"b": 1, "a": 1}""", false)]
    [InlineData("""{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}""", """{"b": 1, "c": 1}""", true)]
    [InlineData("""{"not": {"enum": ["a", 1]}}""", "\"a\"", false)]
    [InlineData("""{"not": {"enum": ["a", 1]}}""", "\"ab\"", true)]
    [InlineData("""{"not": {"enum": ["a", 1]}}""", "1", false)]
    [InlineData("""{"not": {"required": ["a"]}}""", """{"a": 1}""", false)]
    [InlineData("""{"not": {"type": "object"}}""", "{", false, true)]
    [InlineData("""{"if": {"properties": {"k": {"const": 1}}}, "then": {"required": ["a"]}, "else": {"required": ["b"]}}""", """{"k": 2, "b": 0}""", true)]
    [InlineData("""{"if": {"properties": {"k": {"const": 1}}}, "then": {"required": ["a"]}, "else": {"required": ["b"]}}""", """{"k": 1, "b": 0}""", false)]
    [InlineData("""{"$ref": "#/$defs/list", "$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}}""", "[[], [[]]]", true)]
    [InlineData("""{"$ref": "#/$defs/list", "$defs": {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}}""", "[[1]]", false)]
    [InlineData("""{"$id": "http://x.example/a", "$ref": "b", "$defs": {"b": {"$id": "b", "type": "null"}}}""", "null", true)]
    [InlineData("""{"$ref": "#n", "$defs": {"b": {"$anchor": "n", "type": "null"}}}""", "1", false)]
    [InlineData("""{"anyOf": [{"type": "null"}, {"$ref": "#"}]}""", "null", true)]
    [InlineData(Tree, """{"c": {"c": null}}""", true)]
    [InlineData(Tree, """{"c": null, "b": 1}""", false)]
    [InlineData(Tree, """{"c": {"c": null, "b": 1}}""", false)]
    [InlineData(Tree, """{"c": {"c": null, "b": 1}, "b": 1}""", true)]
    public void Value_UnderASchema_IsAcceptedOrRefused(string schema, string text, bool isAccepted, bool isBeginning = false)
    {
        if (isBeginning)
        {
            Assert.Equal(isAccepted, Reading.Begins(ConstraintKind.JsonSchema, schema, text));
            return;
        }

        Assert.Equal(isAccepted, Reading.Accepts(ConstraintKind.JsonSchema, schema, text.Trim()));
    }

    [Theory]
    [InlineData("""{"type": "tuple"}""", "#/type: found 'tuple'")]
    [InlineData("""{"properties": {"a": {"uniqueItems": true}}}""", "#/properties/a/uniqueItems: found a keyword that is not supported")]
    [InlineData("""{"unevaluatedProperties": false}""", "#/unevaluatedProperties: found a keyword that is not supported")]
    [InlineData("""{"unevaluatedProperties": true, "type": "null", "not": {"unevaluatedItems": {}}}""", "#/not/unevaluatedItems")]
    [InlineData("""{"$dynamicRef": "#n", "$defs": {"a": {"$id": "b", "$dynamicAnchor": "n"}}}""", "#/$dynamicRef: found '#n', expected one in a document without other '$id's")]
    [InlineData("""{"const": 1e500}""", "#/const: found 1e500, expected a number of fewer digits")]
    [InlineData("""{"type": "number", "minimum": 1, "maximum": 1, "not": {"const": 1.0}}""", "no value matches")]
    [InlineData("""{"type": "array", "items": {"const": 1}, "contains": {"const": 1}, "maxContains": 1, "minItems": 2}""", "no value matches")]
    [InlineData("""{"$ref": "https://elsewhere.example/x"}""", "#/$ref: found 'https://elsewhere.example/x', expected a schema of this document")]
    [InlineData("""{"$ref": "#/nowhere"}""", "which leads nowhere")]
    [InlineData("""{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}""", "no value matches")]
    [InlineData("""{"pattern": "("}""", "#/pattern: pattern '('")]
    [InlineData("""{"minLength": -1}""", "#/minLength: found -1, expected a whole number from 0")]
    [InlineData("""{"type": "string", "minLength": 3, "maxLength": 2}""", "no value matches")]
    [InlineData("""{"type": "integer", "minimum": 1.2, "maximum": 1.8}""", "no value matches")]
    [InlineData("""{"required": ["a"], "properties": {"a": false}, "type": "object"}""", "no value matches")]
    [InlineData("{", "found no JSON")]
    [InlineData("[]", "found Array, expected an object or a boolean")]
    public void Schema_WrongOrUnsupported_IsRefusedByName(string schema, string message) => Assert.Contains(
        message, Assert.ThrowsAny<ArgumentException>(() => Constraint.JsonSchema(schema)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{\n    \"a\": [\n        1\n    ]\n}", true)]
    [InlineData("{\"a\":[1]}", true)]
    [InlineData("{  \"a\":[1]}", false)]
    [InlineData("{\n\n\"a\":[1]}", false)]
    public void Space_BetweenParts_IsThatOfWriters(string text, bool isAccepted) =>
        Assert.Equal(isAccepted, Reading.Accepts(ConstraintKind.JsonSchema, "{}", text));

    [Fact]
    public void References_ToOneSchema_AreOneGoal()
    {
        using var schema = JsonDocument.Parse("""
            {"properties": {"a": {"$ref": "#/$defs/x", "title": "A"}, "b": {"$ref": "#/$defs/y"}, "c": {"$ref": "#/$defs/x", "type": "null"}},
             "$defs": {"x": {"type": ["null", "string"]}, "y": {"$ref": "#/$defs/x"}}}
            """);
        var compiler = new SchemaCompiler(schema.RootElement);
        var shape = Assert.Single(compiler.FormsOf(compiler.Root).Objects);
        Assert.Same(shape.GoalOf(0), shape.GoalOf(1));
        Assert.NotSame(shape.GoalOf(0), shape.GoalOf(2));
    }

    // Every number in the range is accepted in each spelling of these, and every beginning of it; all others are refused.
    [Fact]
    public void Number_RandomRanges_AreThoseOfArithmetic()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        for (int i = 0; i < 300; i++)
        {
            decimal min = random.Next(-300, 300) / (decimal)Math.Pow(10, random.Next(3));
            decimal max = min + (random.Next(400) / (decimal)Math.Pow(10, random.Next(3)));
            decimal? step = random.Next(3) == 0 ? random.Next(1, 40) / (decimal)Math.Pow(10, random.Next(3)) : null;
            bool isInteger = random.Next(2) == 0;
            bool isExclusive = random.Next(4) == 0;
            string schema = JsonSerializer.Serialize(new Dictionary<string, object?>
            {
                ["type"] = isInteger ? "integer" : "number",
                ["minimum"] = min,
                [isExclusive ? "exclusiveMaximum" : "maximum"] = max,
                ["multipleOf"] = step ?? (isInteger ? 1 : 0.01m),
            });
            CompiledConstraint? compiled = null;
            try
            {
                compiled = new ConstraintSource(ConstraintKind.JsonSchema, schema).Compile();
            }
            catch (ConstraintSyntaxException)
            {
            }

            decimal unit = step ?? (isInteger ? 1 : 0.01m);
            bool IsIn(decimal value) => value >= min && (isExclusive ? value < max : value <= max) && value % unit == 0
                && (!isInteger || value == Math.Floor(value));
            for (int j = 0; j < 60; j++)
            {
                decimal value = random.Next(2) == 0 ? Math.Floor(min) + random.Next(-3, 6) : min + (random.Next(-20, 500) / 100m);
                string text = value.ToString(isInteger ? "0" : "0.###", CultureInfo.InvariantCulture);
                decimal written = decimal.Parse(text, CultureInfo.InvariantCulture);
                Assert.True(
                    IsIn(written) == (compiled is not null && Reading.Accepts(compiled, text)), $"seed {seed}: {schema}: {text}");
            }
        }
    }
}
