using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.FrontDoor;

/// <summary>Texts of an engine whose model is on two devices have the tokens of one device.</summary>
public sealed class SeveralDevicesTests(TinyLanguageModel tiny) : IClassFixture<TinyLanguageModel>
{
    private static readonly string[] Prompts =
    [
        "Once upon a time", "One day a fox", "Tom saw a red ball. Tom", "Once upon a time there was a girl in a big house",
    ];

    [Fact]
    public async Task Texts_Together_HaveTheTokensOfOneDevice()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var two = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu,cpu", Chunk = 16, MaxTexts = 3, Split = [1, 2] },
            cancellation: cancellation);
        Assert.Equal(("cpu,cpu", "ILGPU CPU accelerator and ILGPU CPU accelerator"), (two.Info.Device, two.Info.DeviceName));
        foreach (var options in new[]
        {
            new GenerationOptions { MaxTokens = 30 },
            new GenerationOptions { MaxTokens = 30, Sampling = new SamplingOptions { Temperature = 0.9f, Seed = 7 } },
        })
        {
            Assert.Equal(await All(tiny.Model, options), await All(two, options));
        }

        async Task<string[]> All(LanguageModel model, GenerationOptions options)
        {
            var texts = Prompts.Select(prompt => model.GenerateAsync(prompt, options, cancellation)).ToList();
            await Task.WhenAll(texts.Select(text => text.Completion));
            return [.. texts.Select(text => string.Join(' ', text.Ids))];
        }
    }
}
