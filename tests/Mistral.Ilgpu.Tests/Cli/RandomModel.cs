using Google.Protobuf;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>A folder with a model of random weights, its tokenizer's pieces being letters and bytes.</summary>
public sealed class RandomModel : IDisposable
{
    internal const int VocabularySize = 272;

    public RandomModel()
    {
        var checkpoint = new RandomCheckpoint(5);
        checkpoint.Config["vocab_size"] = VocabularySize;
        checkpoint.Write(Folder);
        var pieces = Enumerable.Range(0, 12).Select(i => (i == 0 ? "▁" : ((char)('a' + i - 1)).ToString(), -1f - i));
        File.WriteAllBytes(Path.Combine(Folder, "tokenizer.model"), SmallModel.Proto([.. pieces]).ToByteArray());
        Tokenizer = SentencePieceBpe.Load(Path.Combine(Folder, "tokenizer.model"));
    }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"mistral-{Guid.NewGuid():N}");

    internal SentencePieceBpe Tokenizer { get; }

    /// <summary>Runs a command with this model on the CPU accelerator, which is everywhere.</summary>
    internal CommandRun Run(params string[] args) => RunWithInput("", args);

    internal CommandRun RunWithInput(string input, params string[] args) =>
        CommandRun.WithInput(input, [.. args, "--model", Folder, "--device", "cpu"]);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
