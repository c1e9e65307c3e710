using System.Numerics.Tensors;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Extensions.AI;
using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>Vectors of the built-in model.</summary>
[Collection(nameof(TinyLanguageModelCollection))]
public sealed class EmbeddingTests(TinyLanguageModel tiny)
{
    private static readonly string[] Texts = ["The king had a cat.", "A small fox", "Once upon a time", "7 + 5", ""];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EmbeddingPooling.Mean)]
    [InlineData(EmbeddingPooling.LastToken)]
    public async Task Generate_SeveralTexts_AreTheLibrarysVectorsOfLengthOne(EmbeddingPooling pooling)
    {
        var vectors = await tiny.Model.AsEmbeddingGenerator(pooling).GenerateAsync(Texts, cancellationToken: Cancellation);

        Assert.Equal(Texts.Length, vectors.Count);
        for (int i = 0; i < Texts.Length; i++)
        {
            float[] alone = await tiny.Model.EmbedAsync(Texts[i], pooling, Cancellation);
            float length = TensorPrimitives.Norm<float>(alone);
            Assert.NotInRange(length, 0.99f, 1.01f);
            Assert.Equal(alone.Select(value => value / length), vectors[i].Vector.ToArray());
            Assert.Equal(1, TensorPrimitives.Norm(vectors[i].Vector.Span), 1e-5f);
            Assert.Equal(("tiny", tiny.Model.Info.Dim), (vectors[i].ModelId, vectors[i].Dimensions));
            Assert.NotNull(vectors[i].CreatedAt);
        }
    }

    [Fact]
    public async Task Generate_Usage_CountsTheTokensThatAreComputed()
    {
        var vectors = await tiny.Model.AsEmbeddingGenerator().GenerateAsync(Texts, cancellationToken: Cancellation);

        long tokens = 0;
        foreach (string text in Texts)
        {
            tokens += (await tiny.Model.ScoreAsync(text, cancellation: Cancellation)).Ids.Count;
        }

        Assert.Equal(tokens, vectors.Usage!.InputTokenCount);
        Assert.Equal(tokens, vectors.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task Generate_NoTexts_GivesNoVectors() =>
        Assert.Empty(await tiny.Model.AsEmbeddingGenerator().GenerateAsync([], cancellationToken: Cancellation));

    [Fact]
    public async Task Generate_OptionsThatNoModelHas_AreRefusedByName()
    {
        var generator = tiny.Model.AsEmbeddingGenerator();
        await Refuses<NotSupportedException>(
            new() { Dimensions = 3 }, "EmbeddingGenerationOptions.Dimensions: found 3, expected 256, the model's");
        await Refuses<NotSupportedException>(
            new() { AdditionalProperties = new() { ["a"] = 1 } },
            "EmbeddingGenerationOptions.AdditionalProperties: found 'a', expected none");
        await Refuses<NotSupportedException>(
            new() { RawRepresentationFactory = _ => 1 },
            "EmbeddingGenerationOptions.RawRepresentationFactory: found Int32, expected null");
        await Refuses<ArgumentException>(
            new() { ModelId = "other" }, "EmbeddingGenerationOptions.ModelId: found 'other', expected 'tiny' or null");
        Assert.Single(await generator.GenerateAsync(["a"], new() { Dimensions = 256, ModelId = "tiny" }, Cancellation));

        async Task Refuses<T>(EmbeddingGenerationOptions options, string message)
            where T : Exception => Assert.Equal(
                message, (await Assert.ThrowsAsync<T>(() => generator.GenerateAsync(["a"], options, Cancellation))).Message);
    }

    [Fact]
    public async Task Generate_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => tiny.Model.AsEmbeddingGenerator().GenerateAsync(Texts, cancellationToken: source.Token));
    }

    [Fact]
    public void GetService_GivesModelMetadataAndItself()
    {
        var generator = tiny.Model.AsEmbeddingGenerator();
        Assert.Same(tiny.Model, generator.GetService<LanguageModel>());
        Assert.Same(generator, generator.GetService<IEmbeddingGenerator<string, Embedding<float>>>());
        var metadata = generator.GetService<EmbeddingGeneratorMetadata>()!;
        Assert.Equal(("mistral.ilgpu", "tiny"), (metadata.ProviderName, metadata.DefaultModelId));
        Assert.Equal(256, metadata.DefaultModelDimensions);
    }

    [Fact]
    public void AsEmbeddingGenerator_UnknownPooling_IsRefused() =>
        Assert.Throws<ArgumentException>(() => tiny.Model.AsEmbeddingGenerator((EmbeddingPooling)7));
}
