using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.FrontDoor;

/// <summary>How many tokens a pass may have.</summary>
public sealed class BatchedTokensTests(TinyLanguageModel tiny) : IClassFixture<TinyLanguageModel>
{
    private static readonly string[] Prompts =
    [
        "Once upon a time there was a girl named Lily. She had a red ball. One day she took the ball to the park and",
        "The king had a cat. The cat was old and liked to sleep in the sun, but one day it went to the river and",
        "A small fox",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(1000)]
    public async Task Texts_WithABudget_AreThoseWithout(int budget)
    {
        var without = await Run(tiny.Model);
        await using var model = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu", Chunk = 16, MaxTexts = 3, MaxBatchedTokens = budget },
            cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(without, await Run(model));
    }

    [Theory]
    [InlineData(null, 18)]
    [InlineData(1, 18)]
    [InlineData(40, 40)]
    [InlineData(1000, 48)]
    public void Plan_WithABudget_HasRoomForItsPasses(int? budget, int rows)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var device = ComputeDevice.Open("cpu");
        var options = new ModelOptions(Chunk: 16, Sequences: 3, MaxBatchedTokens: budget);
        using var model = MistralModel.LoadUntested(checkpoint, device, options);

        Assert.Equal(rows, model.MaxTokens);
        Assert.Equal(Math.Min(budget ?? rows, rows), model.TokenBudget);
        var plan = MemoryPlan.Of(checkpoint.Config, checkpoint.Tensors, options, device.Info);
        Assert.Equal(plan.TotalBytes, device.AllocatedBytes);
    }

    [Fact]
    public void Budget_OfNoTokens_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LanguageModelOptions { MaxBatchedTokens = 0 });

    private static async Task<List<(int? Id, double? LogProbability)>> Run(LanguageModel model)
    {
        var options = new GenerationOptions { MaxTokens = 12, IgnoreEos = true, TopLogProbabilities = 0 };
        var texts = Prompts.Select(prompt => model.GenerateAsync(prompt, options)).ToList();
        List<(int? Id, double? LogProbability)> tokens = [];
        foreach (var text in texts)
        {
            await foreach (var token in text)
            {
                tokens.Add((token.Id, token.LogProbability));
            }
        }

        Assert.Equal(Prompts.Length * options.MaxTokens, tokens.Count(token => token.LogProbability is not null));
        return tokens;
    }
}
