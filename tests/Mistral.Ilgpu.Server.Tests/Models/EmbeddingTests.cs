using OpenAI.Embeddings;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Models;

/// <summary>Vectors through OpenAI's client, which asks for base64, and as numbers.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class EmbeddingTests(TinyServer tiny)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Embed_TwoTexts_AreTheLibrarysVectorsOfLengthOne()
    {
        var client = tiny.App.Client().GetEmbeddingClient("tiny");
        string[] texts = ["A small fox", "The king had a cat."];

        OpenAIEmbeddingCollection found = await client.GenerateEmbeddingsAsync(texts, cancellationToken: Cancellation);

        var numbers = await tiny.App.AskAsync("/v1/embeddings", """{"input":["A small fox"]}""");
        for (int i = 0; i < texts.Length; i++)
        {
            float[] alone = await tiny.Model.EmbedAsync(texts[i], cancellation: Cancellation);
            float length = MathF.Sqrt(alone.Sum(value => value * value));
            Assert.Equal(alone.Select(value => value / length), found[i].ToFloats().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        }

        Assert.Equal(
            found[0].ToFloats().ToArray(),
            numbers.GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()));
        Assert.Equal(found.Usage.InputTokenCount, found.Usage.TotalTokenCount);
        Assert.True(found.Usage.InputTokenCount > 8);
    }
}
