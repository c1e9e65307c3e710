using Mistral.Ilgpu.Constraints;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Numbers under JSON schemas are compared by value, however they are written.</summary>
public sealed class NumberTests
{
    [Theory]
    [InlineData("""{"enum": [1]}""", "1", true)]
    [InlineData("""{"enum": [1]}""", "1.0", true)]
    [InlineData("""{"enum": [1]}""", "1.00", true)]
    [InlineData("""{"enum": [1]}""", "1E+00", true)]
    [InlineData("""{"enum": [1]}""", "1.01", false)]
    [InlineData("""{"enum": [1]}""", "1e1", false)]
    [InlineData("""{"enum": [1]}""", "-1", false)]
    [InlineData("""{"enum": [1.0, 250]}""", "2.5e2", true)]
    [InlineData("""{"const": 0}""", "-0.0", true)]
    [InlineData("""{"const": 0}""", "0e5", true)]
    [InlineData("""{"allOf": [{"enum": [1, 2.0]}, {"enum": [2, 3]}]}""", "2", true)]
    [InlineData("""{"type": "integer", "enum": [1.0]}""", "1", true)]
    [InlineData("""{"type": "integer", "enum": [1.0]}""", "1.0", false)]
    [InlineData("""{"minimum": 0, "maximum": 1}""", "5e-05", true)]
    [InlineData("""{"minimum": 0, "maximum": 1}""", "5.25E-5", true)]
    [InlineData("""{"minimum": 0, "maximum": 1}""", "5", false)]
    [InlineData("""{"minimum": 1000}""", "1.5e3", true)]
    [InlineData("""{"minimum": 1000}""", "1.5e2", false)]
    [InlineData("""{"exclusiveMaximum": -1}""", "-5e1", true)]
    [InlineData("""{"exclusiveMaximum": -1}""", "-5e-1", false)]
    [InlineData("""{"multipleOf": 0.01}""", "1e2", true)]
    [InlineData("""{"multipleOf": 0.01}""", "1.255", false)]
    public void Number_InAnySpelling_IsItsValue(string schema, string text, bool isAccepted) => Assert.Equal(
        isAccepted, Reading.Accepts(ConstraintKind.JsonSchema, schema.Insert(1, schema.Contains("\"type\"") ? "" : "\"type\": \"number\", "), text));

    [Theory]
    [InlineData("""{"enum": [1]}""", "10")]
    [InlineData("""{"enum": [1000]}""", "5")]
    [InlineData("""{"type": "number", "minimum": 0, "maximum": 1}""", "50")]
    [InlineData("""{"type": "number", "minimum": 18, "maximum": 65}""", "7")]
    [InlineData("""{"type": "number", "exclusiveMinimum": 10, "maximum": 11}""", "10.00000000000000000000000000000000000000")]
    [InlineData("""{"type": "number", "multipleOf": 3}""", "123456789012345678901234567890123456789e")]
    [InlineData("""{"type": "number", "multipleOf": 3}""", "8.123456789012345678901234567890123456")]
    public void Number_ThatCannotBeCompleted_IsNotBegun(string schema, string text) =>
        Assert.False(Reading.Begins(ConstraintKind.JsonSchema, schema, text));
}
