using System.Diagnostics;
using Google.Protobuf;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Mistral.Ilgpu.Tests.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>Files that change while they are read, and files that are none.</summary>
public sealed class ChangingFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Float16)]
    [InlineData(null)]
    public void Convert_FileThatShrinksMeanwhile_IsRefusedAndLeavesNothing(TensorFormat? type)
    {
        using var checkpoint = Write();
        string message = Assert.Throws<ModelFileException>(() =>
            ModelConversion.Convert(checkpoint, _folder.File("out.gguf"), type, new OnReport(Shrink), TestContext.Current.CancellationToken)).Message;
        Assert.Contains("model.safetensors: found its end at byte", message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "out.gguf*"));
    }

    [Fact]
    public void Load_FileThatShrinksMeanwhile_IsRefused()
    {
        using var checkpoint = Write();
        using var device = ComputeDevice.Open("cpu");
        Assert.Throws<ModelFileException>(() => MistralModel.Load(
            checkpoint, device, new ModelOptions(TensorFormat.Float16), new OnReport(Shrink), cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(0, device.AllocatedBytes);
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("pipe.gguf")]
    [InlineData("consolidated.safetensors")]
    public void Open_Pipe_IsRefusedWithoutWaitingForItsWriter(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes among its files");
        File.WriteAllText(_folder.File("params.json"), """
            {"dim": 64, "n_layers": 1, "head_dim": 32, "hidden_dim": 64, "n_heads": 2, "n_kv_heads": 2, "norm_eps": 1e-5, "vocab_size": 64}
            """);
        using (var make = Process.Start("mkfifo", _folder.File(name)))
        {
            make.WaitForExit();
        }

        string message = Assert.Throws<ModelFileException>(() => Checkpoint.Open(_folder.File(name)).Dispose()).Message;
        Assert.Contains($"{name}: found a pipe or a device, expected a regular file", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_UnreadableFolder_IsRefused()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("this user reads every folder");
            return;
        }

        string folder = _folder.File("closed");
        Directory.CreateDirectory(folder, UnixFileMode.None);
        Assert.Contains(
            "cannot be read", Assert.Throws<ModelFileException>(() => Checkpoint.Open(folder).Dispose()).Message,
            StringComparison.Ordinal);
    }

    private string Weights => _folder.File("model.safetensors");

    private Checkpoint Write()
    {
        var pieces = Enumerable.Range('a', 16).Select(letter => (((char)letter).ToString(), 0f));
        File.WriteAllBytes(_folder.File("tokenizer.model"), SmallModel.Proto([.. pieces]).ToByteArray());
        new RandomCheckpoint(3) { Config = { ["vocab_size"] = 300, ["hidden_size"] = 64, ["intermediate_size"] = 256 } }.Write(_folder.Path);
        return Checkpoint.Open(_folder.Path);
    }

    // A page is left: a mapping of it would not show that the others are gone.
    private void Shrink()
    {
        using var file = new FileStream(Weights, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        file.SetLength(Environment.SystemPageSize);
    }

    private sealed class OnReport(Action act) : IProgress<TensorProgress>
    {
        public void Report(TensorProgress value) => act();
    }
}
