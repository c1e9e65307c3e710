using System.Diagnostics;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints.Conversion;

public sealed class ModelConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("F32", false)]
    [InlineData("F16", false)]
    [InlineData("BF16", false)]
    [InlineData("BF16", true)]
    public void Convert_ToGgufAndBack_IsLossless(string type, bool tied)
    {
        using var original = ConvertedModel.Write(_folder.File("hf"), type, tied);
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);
        using var gguf = Checkpoint.Open(_folder.File("model.gguf"));
        ModelConversion.Convert(gguf, _folder.File("back"), TensorFormatExtensions.FromStoredName(type));
        using var back = Checkpoint.Open(_folder.File("back"));

        Assert.Equal(("GGUF", "Hugging Face"), (gguf.Layout, back.Layout));
        foreach (var found in new[] { gguf, back })
        {
            Assert.Equal(original.Config with { EosIds = [] }, found.Config with { EosIds = [] });
            Assert.Equal(original.Config.EosIds, found.Config.EosIds);
            Assert.Equal(original.Tokenizer.EncodeToIds("the heat of the night é"), found.Tokenizer.EncodeToIds("the heat of the night é"));
        }

        Assert.Equal(original.Tensors.Keys.Order(), back.Tensors.Keys.Order());
        foreach (var (name, tensor) in original.Tensors)
        {
            Assert.Equal(tensor.Format, back.Tensors[name].Format);
            Assert.Equal(ConvertedModel.Bytes(tensor, tensor.Format), ConvertedModel.Bytes(back.Tensors[name], tensor.Format));
        }

        // The very file, but for the order of its header.
        Assert.Equal(
            ConvertedModel.Bytes(original.Tensors[TensorNames.Query(1)], TensorFormat.Float32),
            ConvertedModel.Bytes(gguf.Tensors[TensorNames.Query(1)], TensorFormat.Float32));
    }

    [Theory]
    [InlineData(TensorFormat.Q8_0, 64, TensorFormat.Q8_0, TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q4_0, 64, TensorFormat.Q4_0, TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q4_0, 256, TensorFormat.Q4_0, TensorFormat.Q6_K)]
    [InlineData(TensorFormat.Q4_K, 256, TensorFormat.Q4_K, TensorFormat.Q6_K)]
    [InlineData(TensorFormat.Q4_K, 64, TensorFormat.Q8_0, TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q6_K, 256, TensorFormat.Q6_K, TensorFormat.Q6_K)]
    public void Convert_ToQuantized_TakesTheTypeWhereRowsAreWholeBlocks(
        TensorFormat type, int dim, TensorFormat matrices, TensorFormat output)
    {
        using var original = ConvertedModel.Write(_folder.File("hf"), dim: dim);
        ModelConversion.Convert(original, _folder.File("model.gguf"), type);
        using var found = Checkpoint.Open(_folder.File("model.gguf"));
        Assert.Equal(matrices, found.Tensors[TensorNames.Up(0)].Format);
        Assert.Equal(output, found.Tensors[TensorNames.Output].Format);
        Assert.Equal(TensorFormat.Float32, found.Tensors[TensorNames.Norm].Format);
    }

    [Fact]
    public void Convert_TekkenToGguf_KeepsIdsAndVersion()
    {
        Directory.CreateDirectory(_folder.File("hf"));
        using (ConvertedModel.Write(_folder.File("hf"), vocabulary: 288))
        {
        }

        File.Delete(_folder.File("hf/tokenizer.model"));
        string[] joined = ["th", "the", " th", " the", "at"];
        File.WriteAllText(_folder.File("hf/tekken.json"), SmallTekken.Json(27, joined).ToJsonString());
        using var original = Checkpoint.Open(_folder.File("hf"));
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);
        using var found = Checkpoint.Open(_folder.File("model.gguf"));
        Assert.IsType<ByteLevelBpe>(found.Tokenizer);
        Assert.Equal(original.Tokenizer.EncodeToIds("the cat that the"), found.Tokenizer.EncodeToIds("the cat that the"));
        Assert.Equal(("v3", 1, 2, 3), (found.Tokenizer.DeclaredVersion, found.Tokenizer.BosId, found.Tokenizer.EosId, found.Tokenizer.FindControl("[INST]")));
        ModelConversion.Convert(found, _folder.File("back"), null);
        using var back = Checkpoint.Open(_folder.File("back"));
        Assert.Equal(original.Tokenizer.EncodeToIds("the cat that the"), back.Tokenizer.EncodeToIds("the cat that the"));
        Assert.Equal(("v3", 288, 4), (back.Tokenizer.DeclaredVersion, back.Tokenizer.VocabularySize, back.Tokenizer.FindControl("[/INST]")));
    }

    [Fact]
    public void Convert_Cancelled_LeavesWhatWasThere()
    {
        using var original = ConvertedModel.Write(_folder.File("hf"));
        File.WriteAllText(_folder.File("model.gguf"), "before");
        using var cancellation = new CancellationTokenSource();
        var progress = new Calls(() => cancellation.Cancel());
        Assert.Throws<OperationCanceledException>(() => ModelConversion.Convert(original, _folder.File("model.gguf"), null, progress, cancellation.Token));
        Assert.Equal("before", File.ReadAllText(_folder.File("model.gguf")));
        Assert.Equal(["hf", "model.gguf"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Convert_BesideWhatADeadProcessLeft_RemovesThatAlone()
    {
        using var original = ConvertedModel.Write(_folder.File("hf"));
        using var living = Process.GetProcesses().First(process => process.Id != Environment.ProcessId);
        string[] others = [$"model.gguf.partial-{living.Id}", $"other.gguf.partial-{int.MaxValue}", "model.gguf.partial-x"];
        foreach (string name in others)
        {
            File.WriteAllText(_folder.File(name), "x");
        }

        File.WriteAllText(_folder.File($"model.gguf.partial-{int.MaxValue}"), "x");
        Directory.CreateDirectory(_folder.File($"model.gguf.partial-{int.MaxValue - 1}/shards"));
        ModelConversion.Convert(original, _folder.File("model.gguf"), null);

        Assert.Equal([.. others.Append("hf").Append("model.gguf").Order()], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("hf", "found the model that is read")]
    [InlineData("full", "expected an empty folder")]
    [InlineData("missing/model.gguf", "found no folder")]
    [InlineData("folder.gguf", "expected a file to write")]
    public void Convert_ToWhereItCannot_IsRefused(string output, string message)
    {
        using var original = ConvertedModel.Write(_folder.File("hf"));
        Directory.CreateDirectory(_folder.File("full"));
        Directory.CreateDirectory(_folder.File("folder.gguf"));
        File.WriteAllText(_folder.File("full/notes"), "x");
        Assert.Contains(message, Assert.Throws<ModelFileException>(() => ModelConversion.Convert(original, _folder.File(output), null)).Message);
        Assert.Equal("x", File.ReadAllText(_folder.File("full/notes")));
    }

    private sealed class Calls(Action action) : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value) => action();
    }
}
