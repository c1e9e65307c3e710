using Mistral.Ilgpu.Cli.Options;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>What is misspelt is named, with the nearest word that is known.</summary>
public sealed class SuggestionTests
{
    [Theory]
    [InlineData("'--temprature'; did you mean '--temperature'?", "generate", "--temprature", "0.5", "hi")]
    [InlineData("'--temprature=0.5'; did you mean '--temperature'?", "generate", "--temprature=0.5", "hi")]
    [InlineData("'--tpye'; did you mean '--type'?", "convert", "tiny", "out", "--tpye", "q4_0")]
    [InlineData("'--typ'; did you mean '--type'?", "convert", "tiny", "--typ")]
    [InlineData("'--lenghts'; did you mean '--lengths'?", "bench", "attention", "--lenghts", "3")]
    [InlineData("'--hepl'; did you mean '--help'?", "devices", "--hepl")]
    [InlineData("'--unheard'; an argument that begins with - goes after --", "generate", "hi", "--unheard")]
    [InlineData("--output: found the option '--quite', expected a value", "generate", "-i", "x", "--output", "--quite")]
    [InlineData("--model: found the option '--top-q=3', expected a value", "generate", "hi", "-m", "--top-q=3")]
    [InlineData("unknown command 'generat'; did you mean 'generate'?", "generat", "hi")]
    [InlineData("'atention'; did you mean 'attention'?", "bench", "atention")]
    [InlineData("'story' after PROMPT", "generate", "a", "story")]
    public void Word_Unknown_IsNamedWithTheNearest(string message, params string[] args) =>
        CommandRun.Of(args).ExpectError(2, message);

    [Theory]
    [InlineData("--suffix=--quite")]
    [InlineData("--suffix", "-- a comment")]
    public void Value_ThatIsMeant_MayBeginWithDashes(params string[] option) =>
        CommandRun.Of(["tokenize", "a", .. option]).ExpectError(4, "[SUFFIX]");

    [Theory]
    [InlineData("--device", "cude", "cuda")]
    [InlineData("--device", "open", "opencl")]
    [InlineData("--type", "q4k", "q4_k")]
    [InlineData("--kv-type", "fp16", "f16")]
    [InlineData("--format", "jsn", "json")]
    [InlineData("--activations", "in8", "int8")]
    public void Value_Unknown_IsNamedWithTheNearest(string option, string value, string nearest) =>
        CommandRun.Of("generate", "hi", option, value).ExpectError(2, option, $"'{value}'", $"did you mean '{nearest}'?");

    [Fact]
    public void Argument_AfterTwoDashes_MayBeginWithDashes()
    {
        string ids = CommandRun.WithInput("--temprature", "tokenize", "-").Expect(0).Output;

        Assert.Equal(ids, CommandRun.Of("tokenize", "--", "--temprature").Expect(0).Output);
    }

    [Theory]
    [InlineData("gpu")]
    [InlineData("q9")]
    [InlineData("bananas")]
    [InlineData("x")]
    [InlineData("-")]
    [InlineData("")]
    public void Suggestion_NothingNear_IsNone(string word) =>
        Assert.Null(Suggestion.Nearest(word, ["auto", "cpu", "opencl", "cuda", "q8_0", "q4_k", "f32"]));
}
