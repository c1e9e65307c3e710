using System.Text.Json;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.FrontDoor;
using Xunit;

namespace Mistral.Ilgpu.Tests.Constraints;

/// <summary>Texts of <c>tiny</c> that must have a form.</summary>
public sealed class ConstrainedGenerationTests(TinyLanguageModel tiny) : IClassFixture<TinyLanguageModel>
{
    private const string Person = """
        {"type": "object", "required": ["name", "age", "tags"], "additionalProperties": false, "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 8}, "age": {"type": "integer", "minimum": 3, "maximum": 99},
          "tags": {"type": "array", "maxItems": 3, "items": {"enum": ["kind", "cold"]}}}}
        """;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Generate_UnderASchema_EndsWithAValueOfIt(double temperature)
    {
        var options = new GenerationOptions
        {
            MaxTokens = 400, Constraint = Constraint.JsonSchema(Person),
            Sampling = new SamplingOptions { Temperature = temperature, Seed = 3 },
        };
        var text = tiny.Model.GenerateAsync("Once upon a time", options, TestContext.Current.CancellationToken);
        await text.Completion;
        Assert.Equal(FinishReason.Stop, text.FinishReason);
        using var json = JsonDocument.Parse(text.Text);
        Assert.InRange(json.RootElement.GetProperty("age").GetInt32(), 3, 99);
        Assert.InRange(json.RootElement.GetProperty("name").GetString()!.Length, 1, 8);
        Assert.All(json.RootElement.GetProperty("tags").EnumerateArray(), tag => Assert.Contains(tag.GetString(), new[] { "kind", "cold" }));
    }

    [Fact]
    public async Task Generate_UnderAPattern_IsTheSameBesideOthers()
    {
        var options = new GenerationOptions { Constraint = Constraint.Regex("[A-Z][a-z]{3,9}( [a-z]{1,9}){4}[.]") };
        var alone = tiny.Model.GenerateAsync("Once upon a time", options, TestContext.Current.CancellationToken);
        await alone.Completion;
        Assert.Matches("^[A-Z][a-z]{3,9}( [a-z]{1,9}){4}[.]$", alone.Text.TrimStart());
        var free = tiny.Model.GenerateAsync("A fox", null, TestContext.Current.CancellationToken);
        var beside = tiny.Model.GenerateAsync("Once upon a time", options, TestContext.Current.CancellationToken);
        await Task.WhenAll(free.Completion, beside.Completion);
        Assert.Equal(alone.Ids, beside.Ids);
    }

    [Fact]
    public async Task Chat_UnderAChoice_AnswersWithOneOfThem()
    {
        var options = new GenerationOptions { Constraint = Constraint.Choice(["yes", "no"]), IgnoreEos = true };
        var answer = tiny.Model.ChatAsync([new("user", "Is 7 more than 5?")], null, options, TestContext.Current.CancellationToken);
        await answer.Completion;
        Assert.Contains(answer.Text, new[] { "yes", "no" });
        Assert.Equal(FinishReason.Stop, answer.Generation.FinishReason);
    }

    [Fact]
    public async Task Generate_LimitBeforeTheEnd_IsTheBeginningOfAValue()
    {
        var options = new GenerationOptions { MaxTokens = 4, Constraint = Constraint.JsonSchema(Person) };
        var text = tiny.Model.GenerateAsync("Once upon a time", options, TestContext.Current.CancellationToken);
        await text.Completion;
        Assert.Equal(FinishReason.Length, text.FinishReason);
        Assert.True(Reading.Begins(ConstraintKind.JsonSchema, Person, text.Text));
    }
}
