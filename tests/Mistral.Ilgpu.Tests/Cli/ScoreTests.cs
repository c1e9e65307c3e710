using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class ScoreTests(RandomModel model) : IClassFixture<RandomModel>
{
    [Fact]
    public void Score_Json_HasTheContractsFields()
    {
        var json = model.Run("score", "abc", "--format", "json").Expect(0).Json;

        Assert.Equal(["ids", "logprobs", "perplexity"], json.EnumerateObject().Select(property => property.Name));
        var logProbabilities = json.GetProperty("logprobs").EnumerateArray().ToList();
        Assert.Equal(json.GetProperty("ids").GetArrayLength(), logProbabilities.Count);
        Assert.Equal(JsonValueKind.Null, logProbabilities[0].ValueKind);
        var values = logProbabilities.Skip(1).Select(value => value.GetDouble()).ToList();
        Assert.All(values, value => Assert.True(value < 0));
        Assert.Equal(Math.Exp(-values.Average()), json.GetProperty("perplexity").GetDouble(), 1e-9);
    }

    [Fact]
    public void Score_Logits_AreThoseOfTheLastToken()
    {
        var json = model.Run("score", "abc", "--format", "json", "--logits").Expect(0).Json;
        var next = model.Run("generate", "abc", "--max-tokens", "1", "--ignore-eos", "--format", "json").Expect(0).Json;

        float[] logits = [.. json.GetProperty("logits").EnumerateArray().Select(value => value.GetSingle())];

        Assert.Equal(RandomModel.VocabularySize, logits.Length);
        Assert.Equal(next.GetProperty("ids")[0].GetInt32(), Array.IndexOf(logits, logits.Max()));
    }

    [Fact]
    public void Score_ChunksOfTheText_AgreeWithinRounding()
    {
        double[] whole = LogProbabilitiesOf("abcdefghi");
        double[] chunked = LogProbabilitiesOf("abcdefghi", "--chunk", "3");

        Assert.All(whole.Zip(chunked), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Fact]
    public void Score_OneToken_HasNoPerplexity()
    {
        var json = model.Run("score", "--prompt-ids", "1", "--format", "json").Expect(0).Json;

        Assert.Equal(1, json.GetProperty("logprobs").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, json.GetProperty("perplexity").ValueKind);
    }

    [Fact]
    public void Score_InputFile_GivesAResultPerLine()
    {
        using var file = new TemporaryFile("\"abc\"\n\"de\"\n");

        var lines = model.Run("score", "--input", file.Path).Expect(0).JsonLines;

        Assert.Equal(LogProbabilitiesOf("de"), lines[1].GetProperty("logprobs").EnumerateArray().Skip(1).Select(value => value.GetDouble()));
    }

    [Fact]
    public void Score_Text_ListsTokensAndPerplexity()
    {
        var lines = model.Run("score", "abc").Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.StartsWith("1\t<s>\t-", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("perplexity\t", lines[^1], StringComparison.Ordinal);
        Assert.True(double.TryParse(lines[^1].Split('\t')[1], CultureInfo.InvariantCulture, out _));
    }

    [Fact]
    public void LogProbability_LargeLogits_DoesNotOverflow()
    {
        Assert.Equal(-Math.Log(2), Of([3e38f, 3e38f], 1), 1e-12);
        Assert.Throws<ArithmeticException>(() => Of([0, float.NaN], 0));

        static double Of(float[] logits, int id) => LogProbabilities.Of(logits, id, LogProbabilities.Normalizer(logits));
    }

    private double[] LogProbabilitiesOf(string text, params string[] options) =>
    [
        .. model.Run(["score", text, "--format", "json", .. options]).Expect(0).Json
            .GetProperty("logprobs").EnumerateArray().Skip(1).Select(value => value.GetDouble()),
    ];
}
