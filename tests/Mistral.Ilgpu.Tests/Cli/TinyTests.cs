using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>The commands as a first user gives them, with the built-in model on the device that <c>auto</c> takes.</summary>
public sealed class TinyTests
{
    [Fact]
    public void Generate_NoOptions_WritesText()
    {
        _ = TinyModel.Required;
        var run = CommandRun.Of("generate", "Once upon a time", "--max-tokens", "20").Expect(0);

        Assert.Contains("model tiny", run.Error, StringComparison.Ordinal);
        Assert.Matches(@"[A-Za-z]+ [A-Za-z]+", run.Output);
    }

    [Fact]
    public void Score_WhatWasGenerated_FindsEachTokenTheLikeliest()
    {
        _ = TinyModel.Required;
        var text = CommandRun.OnCpu("generate", "Once upon a time", "--max-tokens", "20", "--format", "json").Expect(0).Json;
        int[] ids = [.. Ids(text, "prompt_ids"), .. Ids(text, "ids")];

        for (int count = Ids(text, "prompt_ids").Length; count < ids.Length; count += 7)
        {
            var score = CommandRun.OnCpu(
                "score", "--prompt-ids", string.Join(',', ids[..count]), "--logits", "--format", "json").Expect(0).Json;
            float[] logits = [.. score.GetProperty("logits").EnumerateArray().Select(value => value.GetSingle())];
            Assert.Equal(ids[count], Array.IndexOf(logits, logits.Max()));
        }
    }

    [Fact]
    public void Chat_Greeting_IsAnswered()
    {
        _ = TinyModel.Required;
        var run = CommandRun.WithInput("Hello!\n", "chat", "--device", "cpu").Expect(0);

        Assert.NotEmpty(run.Output.Trim());
        Assert.DoesNotContain("</s>", run.Output, StringComparison.Ordinal);
    }

    private static int[] Ids(JsonElement json, string name) =>
        [.. json.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}
