using Mistral.Ilgpu.Checkpoints.Hub;
using Xunit;

namespace Mistral.Ilgpu.Tests.Hub;

/// <summary>Which files of a repository are taken.</summary>
public sealed class RepositoryChoiceTests
{
    private static readonly string[] Instruct =
    [
        ".gitattributes", "README.md", "config.json", "consolidated.safetensors", "generation_config.json",
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json", "params.json",
        "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer.model.v3", "tokenizer_config.json",
    ];

    private static readonly string[] Quantized =
    [
        "README.md", "config.json", "m-Q4_K_M.gguf", "m-Q4_K_S.gguf", "m-Q4_K.gguf", "mmproj-m-f16.gguf",
        "big/m-Q8_0-00001-of-00002.gguf", "big/m-Q8_0-00002-of-00002.gguf",
    ];

    [Fact]
    public void ToRun_BothLayouts_TakesTheOneThatTheLoaderTakes() => Assert.Equal(
        [
            "config.json", "generation_config.json", "model.safetensors.index.json", "special_tokens_map.json", "tokenizer.json",
            "tokenizer.model", "tokenizer.model.v3", "tokenizer_config.json",
        ],
        Choice(Instruct).ToRun().Order(StringComparer.Ordinal));

    [Fact]
    public void ToRun_MistralsOwnLayout_TakesSafetensorsBeforeTorch() => Assert.Equal(
        ["params.json", "tekken.json", "consolidated.safetensors"],
        Choice("params.json", "consolidated.00.pth", "consolidated.safetensors", "tekken.json", "config.json").ToRun());

    [Fact]
    public void ToRun_TorchAlone_TakesIt() => Assert.Equal(
        ["params.json", "tokenizer.model", "consolidated.00.pth"],
        Choice("params.json", "consolidated.00.pth", "tokenizer.model").ToRun());

    [Fact]
    public void ToRun_OneSplitGguf_TakesAllParts() => Assert.Equal(
        ["m-00001-of-00002.gguf", "m-00002-of-00002.gguf"],
        Choice("m-00002-of-00002.gguf", "m-00001-of-00002.gguf", "mmproj.gguf", "README.md").ToRun());

    [Fact]
    public void ToRun_SeveralGgufs_ListsThem()
    {
        string message = Assert.Throws<ModelFileException>(() => Choice(Quantized).ToRun()).Message;

        Assert.Contains("someone/model: found 4 GGUF models", message, StringComparison.Ordinal);
        Assert.Contains("m-Q4_K_M.gguf", message, StringComparison.Ordinal);
        Assert.Contains("big/m-Q8_0-00001-of-00002.gguf", message, StringComparison.Ordinal);
        Assert.DoesNotContain("mmproj", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToRun_NothingToRead_IsRefused() => Assert.Contains(
        "found no weights that can be read",
        Assert.Throws<ModelFileException>(() => Choice("config.json", "pytorch_model.bin").ToRun()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("README.md", "README.md")]
    [InlineData("Q4_K_M", "m-Q4_K_M.gguf")]
    [InlineData("q4_k", "m-Q4_K.gguf")]
    [InlineData("Q8_0", "big/m-Q8_0-00001-of-00002.gguf", "big/m-Q8_0-00002-of-00002.gguf")]
    [InlineData("big/m-Q8_0-00002-of-00002.gguf", "big/m-Q8_0-00001-of-00002.gguf", "big/m-Q8_0-00002-of-00002.gguf")]
    [InlineData("*Q4_K_?.gguf", "m-Q4_K_M.gguf", "m-Q4_K_S.gguf")]
    public void Named_FilePatternOrType_IsFound(string wanted, params string[] expected) =>
        Assert.Equal(expected, Choice(Quantized).Named(wanted));

    [Theory]
    [InlineData("Q5_K_M")]
    [InlineData("*.bin")]
    [InlineData("readme.md")]
    public void Named_NoSuchFile_IsRefusedWithWhatThereIs(string wanted)
    {
        string message = Assert.Throws<ModelFileException>(() => Choice(Quantized).Named(wanted)).Message;

        Assert.Contains($"found no file '{wanted}'", message, StringComparison.Ordinal);
        Assert.Contains("m-Q4_K_M.gguf", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mistralai/Mistral-7B-v0.1", "mistralai", "Mistral-7B-v0.1", null)]
    [InlineData("a/b:refs/pr/1", "a", "b", "refs/pr/1")]
    [InlineData("a_1/b.c-d:Q4_K_M", "a_1", "b.c-d", "Q4_K_M")]
    public void Repository_OfAName_IsParsed(string text, string owner, string name, string? suffix) =>
        Assert.Equal((new HubRepository(owner, name), suffix), HubRepository.Parse(text));

    [Theory]
    [InlineData("tiny")]
    [InlineData("a/b/c")]
    [InlineData("../b")]
    [InlineData("a/..")]
    [InlineData("a/b--c")]
    [InlineData("a/b..c")]
    [InlineData("a/b.git")]
    [InlineData("a/-b")]
    [InlineData("a/b.")]
    [InlineData("./b")]
    [InlineData("a\\b")]
    [InlineData("a/b ")]
    [InlineData("a/b:")]
    [InlineData("ä/b")]
    public void Repository_OfAnotherText_IsNone(string text) => Assert.Null(HubRepository.Parse(text));

    private static RepositoryChoice Choice(params string[] names) => new("someone/model", names);
}
